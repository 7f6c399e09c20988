"""Prepared clips: videos become JPEG frames with their label, name and group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow_datasets as tfds

from ..media.errors import MediaError
from ..media.videos import EncodedVideo
from .listing import Clip
from .prepare import PreparedBuilder, Source

_CLIPS = "clips.csv"
_COLUMNS = ("split", "name", "label", "group", "seconds")


@dataclass(kw_only=True, eq=False)
class ClipSource(Source):
    """The clips of a data set; `read` gives an `EncodedVideo`."""

    class_names: Sequence[str] = ()
    """Classes in the order of the label numbers."""
    min_frames: int = 1
    """A video with fewer frames is a bad file."""

    def read_checked(self, item: Clip) -> EncodedVideo:
        """Return the frames of a clip, or raise a MediaError if they are too few."""
        video = super().read_checked(item)
        if len(video.frames) < self.min_frames:
            raise MediaError(f"has {len(video.frames)} frames; needed: {self.min_frames}")
        return video


class ClipBuilder(PreparedBuilder, skip_registration=True):
    """Writes the clips of a `ClipSource`, and a table of them."""

    builder_config: ClipSource
    noun = "video"

    def stored_features(self) -> dict[str, Any]:
        """Return JPEG frames, label, name and group."""
        return {
            "video": tfds.features.Video(shape=(None, None, None, 3), encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(names=list(self.builder_config.class_names)),
            "name": tfds.features.Text(),
            "group": tfds.features.Text(),
        }

    def example(self, split: str, item: Clip, media: EncodedVideo) -> dict[str, Any]:
        """Return one clip, and note it in the table."""
        self._rows.append((split, item.name, item.label, item.group, f"{media.seconds:.3f}"))
        return {"video": media.frames, "label": item.label, "name": item.name, "group": item.group}

    def clips(self, split: str) -> list[dict[str, str]]:
        """Return name, label, group and seconds of the clips of a split, in stored order."""
        return [row for row in self.table(_CLIPS) if row["split"] == split]

    def write_tables(self) -> None:
        """Write clips and bad files beside the shards."""
        super().write_tables()
        self.write_table(_CLIPS, _COLUMNS, self._rows)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        self._rows: list[tuple[str, ...]] = []
        return super()._split_generators(dl_manager)
