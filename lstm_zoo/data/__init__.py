"""The data sets. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .blob_volumes import BlobVolumes
from .captioned_folder import CaptionedFolder
from .captioned_shapes import CaptionedShapes
from .coco_captions import CocoCaptions
from .flickr8k import Flickr8k
from .moving_shapes import MovingShapes
from .segmentation_folder import SegmentationFolder
from .stanford_background import StanfordBackground
from .texture_mosaic import TextureMosaic
from .textures import Textures
from .tfds_video import TfdsVideo
from .ucf101 import Ucf101
from .video_folder import VideoFolder
from .volume_folder import VolumeFolder

DATA = (
    MovingShapes,
    CaptionedShapes,
    Textures,
    TextureMosaic,
    BlobVolumes,
    VideoFolder,
    CaptionedFolder,
    SegmentationFolder,
    VolumeFolder,
    Ucf101,
    Flickr8k,
    CocoCaptions,
    StanfordBackground,
    TfdsVideo,
)
Data = Annotated[
    MovingShapes
    | CaptionedShapes
    | Textures
    | TextureMosaic
    | BlobVolumes
    | VideoFolder
    | CaptionedFolder
    | SegmentationFolder
    | VolumeFolder
    | Ucf101
    | Flickr8k
    | CocoCaptions
    | StanfordBackground
    | TfdsVideo,
    Field(discriminator="kind"),
]
