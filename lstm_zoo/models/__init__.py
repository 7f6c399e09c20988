"""The networks. The tuple below is the registry."""

from .cnn_lstm import CnnLstm
from .conv_frames import ConvFrames
from .conv_lines import ConvLines
from .conv_lstm_autoencoder import ConvLstmAutoencoder
from .conv_lstm_forecaster import ConvLstmForecaster
from .crnn import Crnn
from .flatten_lstm import FlattenLstm
from .frame_average import FrameAverage
from .frame_predictor import FramePredictor
from .md_lstm_classifier import MdLstmClassifier
from .md_lstm_labeller import MdLstmLabeller
from .md_lstm_lines import MdLstmLines
from .predrnn import Predrnn
from .pyramid_lstm import PyramidLstm
from .show_attend_tell import ShowAttendTell
from .show_tell import ShowTell
from .tempo_lstm import TempoLstm
from .window_dense import WindowDense

MODELS = (
    CnnLstm,
    FrameAverage,
    FlattenLstm,
    ShowTell,
    ShowAttendTell,
    MdLstmLabeller,
    WindowDense,
    MdLstmClassifier,
    PyramidLstm,
    Crnn,
    MdLstmLines,
    ConvLines,
    ConvFrames,
    ConvLstmForecaster,
    Predrnn,
    FramePredictor,
    TempoLstm,
    ConvLstmAutoencoder,
)
