"""Layers that Keras lacks, as ordinary Keras layers on `keras.ops`.

Importing this package registers them, so that a `.keras` file made here loads with `safe_mode` on.
"""

from .convolutional.conv_lstm import ConvLSTM2D
from .convolutional.st_lstm import STLSTM
from .frames.pred_rnn import PredRNN
from .images.fold_time import FoldTime
from .images.image_encoder import ImageEncoder
from .images.image_scaling import ImageScaling
from .language.additive_attention import AdditiveAttention
from .language.caption_search import CaptionSearch
from .language.show_attend_tell_decoder import ShowAttendTellDecoder
from .language.show_tell_decoder import ShowTellDecoder
from .lines.within_width import BlankBeyond, ColumnMask, StepMask, TurnWithin, WithinWidth
from .recurrent.attention_pooling import AttentionPooling1D
from .recurrent.cells import ChronoBias, TextbookLSTMCell
from .recurrent.gru import GRU
from .recurrent.lstm import LSTM
from .recurrent.simple_rnn import SimpleRNN
from .spatial.md_lstm import MDLSTM2D
from .spatial.pyramid_lstm import PyraMiDLSTM

__all__ = [
    "GRU",
    "LSTM",
    "MDLSTM2D",
    "STLSTM",
    "AdditiveAttention",
    "AttentionPooling1D",
    "BlankBeyond",
    "CaptionSearch",
    "ChronoBias",
    "ColumnMask",
    "ConvLSTM2D",
    "FoldTime",
    "ImageEncoder",
    "ImageScaling",
    "PredRNN",
    "PyraMiDLSTM",
    "ShowAttendTellDecoder",
    "ShowTellDecoder",
    "SimpleRNN",
    "StepMask",
    "TextbookLSTMCell",
    "TurnWithin",
    "WithinWidth",
]
