"""Layers that Keras lacks, as ordinary Keras layers on `keras.ops`.

Importing this package registers them, so that a `.keras` file made here loads with `safe_mode` on.
"""

from .additive_attention import AdditiveAttention
from .attention_pooling import AttentionPooling1D
from .caption_search import CaptionSearch
from .cells import ChronoBias, TextbookLSTMCell
from .fold_time import FoldTime
from .gru import GRU
from .image_encoder import ImageEncoder
from .image_scaling import ImageScaling
from .lstm import LSTM
from .md_lstm import MDLSTM2D
from .pyramid_lstm import PyraMiDLSTM
from .show_attend_tell_decoder import ShowAttendTellDecoder
from .show_tell_decoder import ShowTellDecoder
from .simple_rnn import SimpleRNN

__all__ = [
    "GRU",
    "LSTM",
    "MDLSTM2D",
    "AdditiveAttention",
    "AttentionPooling1D",
    "CaptionSearch",
    "ChronoBias",
    "FoldTime",
    "ImageEncoder",
    "ImageScaling",
    "PyraMiDLSTM",
    "ShowAttendTellDecoder",
    "ShowTellDecoder",
    "SimpleRNN",
    "TextbookLSTMCell",
]
