"""The networks. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .cnn_lstm import CnnLstm
from .flatten_lstm import FlattenLstm
from .frame_average import FrameAverage
from .show_attend_tell import ShowAttendTell
from .show_tell import ShowTell

MODELS = (CnnLstm, FrameAverage, FlattenLstm, ShowTell, ShowAttendTell)
Model = Annotated[CnnLstm | FrameAverage | FlattenLstm | ShowTell | ShowAttendTell, Field(discriminator="kind")]
