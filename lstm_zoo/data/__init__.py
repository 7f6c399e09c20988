"""The data sets. The tuple below is the registry."""

from .anomalies.drawn_walkway import DrawnWalkway
from .anomalies.normal_videos import NormalVideos
from .captions.captioned_folder import CaptionedFolder
from .captions.captioned_shapes import CaptionedShapes
from .captions.coco_captions import CocoCaptions
from .captions.flickr8k import Flickr8k
from .frames.moving_digits import MovingDigits
from .frames.video_frames import VideoFrames
from .labels.blob_volumes import BlobVolumes
from .labels.segmentation_folder import SegmentationFolder
from .labels.stanford_background import StanfordBackground
from .labels.texture_mosaic import TextureMosaic
from .labels.textures import Textures
from .labels.volume_folder import VolumeFolder
from .lines.drawn_lines import DrawnLines
from .lines.iam import IamLines
from .lines.rimes import RimesLines
from .lines.text_lines import TextLinesFolder
from .lines.text_pages import TextPages
from .videos.moving_shapes import MovingShapes
from .videos.tfds_video import TfdsVideo
from .videos.ucf101 import Ucf101
from .videos.video_folder import VideoFolder

DATA = (
    MovingShapes,
    MovingDigits,
    CaptionedShapes,
    Textures,
    TextureMosaic,
    BlobVolumes,
    DrawnLines,
    DrawnWalkway,
    VideoFolder,
    VideoFrames,
    CaptionedFolder,
    SegmentationFolder,
    VolumeFolder,
    TextLinesFolder,
    TextPages,
    Ucf101,
    Flickr8k,
    CocoCaptions,
    StanfordBackground,
    IamLines,
    RimesLines,
    TfdsVideo,
    NormalVideos,
)
