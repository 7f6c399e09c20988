"""Any TensorFlow Datasets data set with a video and a class label, by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ...contracts import SPLITS, InputError, Spec, Splits
from .video_data import VideoData

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


class TfdsVideo(VideoData):
    """A TFDS data set with a Video and a ClassLabel feature, prepared by TFDS itself."""

    kind: Literal["tfds_video"] = "tfds_video"
    name: str
    """Name of the data set with its config, such as `ucf101/ucf101_1`."""
    train: str = "train[:90%]"
    """TFDS split, or part of one, to train on."""
    val: str = "train[90%:]"
    """TFDS split, or part of one, for validation; an empty text: none. Parts of one split may share sources."""
    test: str = "test"
    """TFDS split, or part of one, to test on; an empty text: none."""

    def class_names(self) -> tuple[str, ...]:
        from ..pipeline.stored import features_of

        builder = self._builder()
        return tuple(features_of(builder)[self._features(builder)[1]].names)

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        from ..pipeline.downloads import prepared
        from ..pipeline.reading import StoredSplits
        from ..pipeline.stored import Stored, features_of, parts_for, read_features

        builder = prepared(self._builder())
        video, label = self._features(builder)
        names, parts = features_of(builder)[label].names, {split: getattr(self, split) for split in SPLITS}

        def rows(split: str) -> list[dict[str, str]]:
            labels = read_features(builder, parts[split], {"label": label}).as_numpy_iterator()
            return [
                {"name": f"{split} {number}", "target": json.dumps(names[row["label"]])}
                for number, row in enumerate(labels)
            ]

        parts = parts_for(splits, {split: part for split, part in parts.items() if part})
        stored = Stored(builder, {"video": video}, rows, parts)
        return StoredSplits(stored, self.family(self.spec_of(like)), splits=splits)  # prepared are all, by TFDS

    def _builder(self) -> tfds.core.DatasetBuilder:
        from ..pipeline.downloads import is_prepared, tfds_builder

        return tfds_builder(self.name, self.place(lambda place: is_prepared(self.name, place)))

    def _features(self, builder: tfds.core.DatasetBuilder) -> tuple[str, str]:
        """Return the names of the video and of the label."""
        import tensorflow_datasets as tfds

        from ..pipeline.stored import features_of

        found = []
        for wanted in (tfds.features.Video, tfds.features.ClassLabel):
            names = [name for name, feature in features_of(builder).items() if isinstance(feature, wanted)]
            if len(names) != 1:
                raise InputError(
                    "data.name",
                    f"{self.name} has {len(names)} features of the type {wanted.__name__}, expected one; "
                    f"its features: {', '.join(features_of(builder))}",
                )
            found += names
        return found[0], found[1]
