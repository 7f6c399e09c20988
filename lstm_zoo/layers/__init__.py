"""Layers that Keras lacks, as ordinary Keras layers on `keras.ops`.

Importing this package registers them, so that a `.keras` file made here loads with `safe_mode` on.
"""

from .attention_pooling import AttentionPooling1D
from .cells import ChronoBias, TextbookLSTMCell
from .fold_time import FoldTime
from .gru import GRU
from .image_scaling import ImageScaling
from .lstm import LSTM
from .simple_rnn import SimpleRNN

__all__ = [
    "GRU",
    "LSTM",
    "AttentionPooling1D",
    "ChronoBias",
    "FoldTime",
    "ImageScaling",
    "SimpleRNN",
    "TextbookLSTMCell",
]
