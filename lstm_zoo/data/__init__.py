"""The data sets. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .captioned_folder import CaptionedFolder
from .captioned_shapes import CaptionedShapes
from .coco_captions import CocoCaptions
from .flickr8k import Flickr8k
from .moving_shapes import MovingShapes
from .tfds_video import TfdsVideo
from .ucf101 import Ucf101
from .video_folder import VideoFolder

DATA = (MovingShapes, CaptionedShapes, VideoFolder, CaptionedFolder, Ucf101, Flickr8k, CocoCaptions, TfdsVideo)
Data = Annotated[
    MovingShapes | CaptionedShapes | VideoFolder | CaptionedFolder | Ucf101 | Flickr8k | CocoCaptions | TfdsVideo,
    Field(discriminator="kind"),
]
