"""The data sets. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .moving_shapes import MovingShapes
from .tfds_video import TfdsVideo
from .ucf101 import Ucf101
from .video_folder import VideoFolder

DATA = (MovingShapes, VideoFolder, Ucf101, TfdsVideo)
Data = Annotated[MovingShapes | VideoFolder | Ucf101 | TfdsVideo, Field(discriminator="kind")]
