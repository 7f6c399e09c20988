"""Layers that Keras lacks, as ordinary Keras layers on `keras.ops`.

Importing this package registers them, so that a `.keras` file made here loads with `safe_mode` on.
"""

from .attention_pooling import AttentionPooling1D
from .fold_time import FoldTime
from .image_scaling import ImageScaling
from .lstm import LSTM

__all__ = ["LSTM", "AttentionPooling1D", "FoldTime", "ImageScaling"]
