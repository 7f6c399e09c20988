"""How large stored pictures are."""

from __future__ import annotations

import io

from ...media.images import image_size


def size_of(encoded: bytes) -> dict[str, float]:
    """Return width and height of a JPEG or PNG, in pixels."""
    height, width = image_size(io.BytesIO(encoded))
    return {"width": width, "height": height}
