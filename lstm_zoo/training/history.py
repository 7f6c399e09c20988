"""The history of a training: a row an epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import keras

from ..disk.whole_files import replace_file


class History(keras.callbacks.Callback):
    """Writes each epoch's figures into a CSV file, which is whole at any time.

    Args:
        file: The file.
        further: Columns that are the same in every row from here on.
    """

    def __init__(self, file: Path, further: Mapping[str, float]):
        super().__init__()
        self._file, self._further = file, further
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add a row."""
        figures = dict(sorted((logs or {}).items()))
        self.rows.append({"epoch": epoch, **figures, **self._further})
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in self.rows for name in row)))
        writer.writeheader()
        writer.writerows(self.rows)
        replace_file(self._file, text.getvalue())
