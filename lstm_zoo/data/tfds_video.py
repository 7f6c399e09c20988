"""Any TensorFlow Datasets data set with a video and a class label, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..contracts import InputError, Spec, Splits
from .clips import VideoData
from .listing import number_labels

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
        """Return the classes as TFDS knows them."""
        from .downloads import tfds_builder

        builder = tfds_builder(self.name, self.data_dir)
        return tuple(builder.info.features[self._features(builder)[1]].names)

    def load(self, like: Spec | None = None) -> Splits:
        """Let TFDS prepare the data set if need be, and return its splits."""
        import numpy as np

        from .downloads import prepared, tfds_builder
        from .reading import ClipSplits

        builder = prepared(tfds_builder(self.name, self.data_dir))
        video, label = self._features(builder)
        stored = builder.info.features[label].names
        class_names = number_labels(stored, like)
        return ClipSplits(
            builder,
            self.clip,
            class_names=class_names,
            splits={split: text for split in ("train", "val", "test") if (text := getattr(self, split))},
            keys={"video": video, "label": label},
            label_map=np.array([class_names.index(name) for name in stored]),
        )

    def _features(self, builder: tfds.core.DatasetBuilder) -> tuple[str, str]:
        """Return the names of the video and of the label."""
        import tensorflow_datasets as tfds

        found = []
        for wanted in (tfds.features.Video, tfds.features.ClassLabel):
            names = [name for name, feature in builder.info.features.items() if isinstance(feature, wanted)]
            if len(names) != 1:
                raise InputError(
                    "data.name",
                    f"{self.name} has {len(names)} features of the type {wanted.__name__}, expected one; "
                    f"its features: {', '.join(builder.info.features)}",
                )
            found += names
        return found[0], found[1]
