"""Prepared images: stored as they are, with their captions and what is known of the picture."""

from __future__ import annotations

import io
import json
from typing import Any

import tensorflow_datasets as tfds

from .captions import Photo
from .prepare import PreparedBuilder

_TABLE = "captions.csv"


class CaptionBuilder(PreparedBuilder, skip_registration=True):
    """Writes images with their captions."""

    noun = "image"

    def stored_features(self) -> dict[str, Any]:
        """Return image, captions and name."""
        return {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "captions": tfds.features.Sequence({"text": tfds.features.Text()}),  # as TFDS's own coco_captions
            "image/filename": tfds.features.Text(),
        }

    def example(self, split: str, item: Photo, media: bytes) -> dict[str, Any]:
        """Return one image with its captions, and note these in the table."""
        self._rows.append((split, item.name, json.dumps(item.captions), item.scene))
        return {
            "image": io.BytesIO(media),
            "captions": [{"text": caption} for caption in item.captions],
            "image/filename": item.name,
        }

    def facts(self, split: str) -> list[dict[str, Any]]:
        """Return name, captions and scene of the images of a split, in stored order, without reading any image."""
        rows = [row for row in self.table(_TABLE) if row["split"] == split]
        return [{**row, "captions": json.loads(row["captions"])} for row in rows]

    def write_tables(self) -> None:
        """Write captions and bad files beside the shards."""
        super().write_tables()
        self.write_table(_TABLE, ("split", "name", "captions", "scene"), self._rows)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        self._rows: list[tuple[str, ...]] = []
        return super()._split_generators(dl_manager)
