"""What data sets made of video files share: preparation options, and what becomes of bad files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt, PositiveInt

from ..contracts import BadFile, Spec
from .clips import PreparedVideoData
from .listing import Clip, number_labels

if TYPE_CHECKING:
    from .clip_builder import ClipBuilder


class FilesConfig(PreparedVideoData):
    """What data sets made of video files share."""

    on_bad_file: Literal["stop", "skip"] = "stop"
    """What an unreadable, empty or too short video does: `stop` with an error, or `skip` it and count it."""
    min_frames: PositiveInt = 2
    """A video with fewer frames is a bad file."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which groups go to which split."""

    def bad_files(self) -> list[BadFile]:
        """Read every video once, and return those that cannot be used."""
        return self.builder().builder_config.find_bad_files()

    def builder_of(
        self, root: Path, splits: dict[str, list[Clip]], classes: list[str], like: Spec | None
    ) -> ClipBuilder:
        """Return the TFDS builder of clips below a root; their names are their paths below it."""
        from ..media.videos import read_video
        from .clip_builder import ClipBuilder, ClipSource
        from .prepare import fingerprint

        class_names = number_labels(classes, like)
        states = []
        for split, clips in splits.items():
            for clip in clips:
                file = root / clip.name
                state = file.stat() if file.is_file() else None
                states.append((split, *clip, state and state.st_size, state and state.st_mtime_ns))
        key = fingerprint(class_names, self.short_side, self.max_fps, self.min_frames, sorted(states, key=str))
        source = ClipSource(
            name=f"{re.sub(r'[^A-Za-z0-9_]+', '_', root.name) or 'root'}-{key}",
            class_names=class_names,
            splits=splits,
            read=lambda clip: read_video(root / clip.name, self.short_side, self.max_fps),
            min_frames=self.min_frames,
            on_bad_file=self.on_bad_file,
        )
        return ClipBuilder(type(self).model_fields["kind"].default, source, self.data_dir)
