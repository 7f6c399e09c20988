"""The tasks: what a network learns, how it is used, and how its answers are judged and told."""

from .anomaly import Anomaly
from .captioning import Captioning
from .classification import Classification
from .forecasting import Forecasting
from .segmentation import Segmentation
from .transcription import Transcription

TASKS = (Classification, Captioning, Segmentation, Transcription, Forecasting, Anomaly)
