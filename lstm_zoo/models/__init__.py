"""The networks. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .cnn_lstm import CnnLstm
from .flatten_lstm import FlattenLstm
from .frame_average import FrameAverage

MODELS = (CnnLstm, FrameAverage, FlattenLstm)
Model = Annotated[CnnLstm | FrameAverage | FlattenLstm, Field(discriminator="kind")]
