"""The rows of `lstmzoo bench`: one function a row (or a row at several sizes). To add one, write it and list it."""

from __future__ import annotations

from .by_workers import worker_training
from .captioners import show_attend_tell_training
from .captions import beam_captions, greedy_captions
from .clips import clip_preparation, clip_reading
from .encoder import cached_epochs, frame_features
from .exports import exported_networks
from .images import md_lstm_sizes, md_lstm_training
from .labellers import labeller_training
from .lines import crnn_training, line_decoding
from .networks import cnn_lstm_training, flatten_lstm_training
from .next_frames import conv_lstm_inference, conv_lstm_training
from .recurrent import lstm_gradients, lstm_inference, lstm_training
from .row import Context, Row
from .streaming import streaming
from .updates import optimizer_update

ROWS = (
    lstm_training,
    lstm_gradients,
    lstm_inference,
    optimizer_update,
    flatten_lstm_training,
    cnn_lstm_training,
    clip_preparation,
    clip_reading,
    frame_features,
    cached_epochs,
    show_attend_tell_training,
    greedy_captions,
    beam_captions,
    md_lstm_training,
    md_lstm_sizes,
    labeller_training,
    conv_lstm_training,
    conv_lstm_inference,
    worker_training,
    crnn_training,
    line_decoding,
    streaming,
    exported_networks,
)


def all_rows(context: Context) -> list[Row]:
    """Return all rows, at the sizes of the context."""
    return [row for make in ROWS for row in make(context)]
