"""What data, model and task owe each other.

Legend of shapes, used in every comment and docstring of the package (channels last):

    B batch    T time (frames or words)    H, W height and width in pixels    C channels
    D features    U recurrent units    K classes    N views (clips, blocks) of one example, or captions (beams) of one
    L regions of an image    V words of the vocabulary    Z planes of a volume: (B, Z, H, W, C)

Each section of a YAML file is one frozen `Section` with one main verb; `Spec` is what data tells a model and a task.
Tensors go by name: a batch is a dict of the inputs of `Spec.inputs` (and `Spec.hints`, in training), an answer is a
dict of outputs. Nothing here imports TensorFlow: a config is checked before anything slow starts.
"""

from .addresses import address_of, copied_from, copy_of, copy_of_shipped, local_path, named_place, own_cache
from .answers import (
    FRAMES,
    KNOWN_FRAMES,
    LOG_PROBABILITIES,
    PLACES,
    PROBABILITIES,
    SCORE,
    Meaning,
    Outputs,
    Result,
    unbatched,
)
from .data import DataConfig, LiveFrame, Part, Sample, Views
from .model import EncoderConfig, ModelConfig
from .section import InputError, Section, WorkError, raised_by
from .spec import ALL, COLOURS, SPLITS, Classes, Frames, LabelMap, Normal, Number, Spec, Target, Tensor, Text, Words
from .splits import FEATURES, WHOLE, Share, Splits
from .survey import BadFile, Example, GoodFile, Neighbour, Survey
from .task import Figures, Judge, Judged, Memory, Objective, Pictures, Predictor, TaskConfig
from .user_path import UserPath, expanded
from .watching import Changes, Told, Watcher

__all__ = [
    "ALL",
    "COLOURS",
    "FEATURES",
    "FRAMES",
    "KNOWN_FRAMES",
    "LOG_PROBABILITIES",
    "PLACES",
    "PROBABILITIES",
    "SCORE",
    "SPLITS",
    "WHOLE",
    "BadFile",
    "Changes",
    "Classes",
    "DataConfig",
    "EncoderConfig",
    "Example",
    "Figures",
    "Frames",
    "GoodFile",
    "InputError",
    "Judge",
    "Judged",
    "LabelMap",
    "LiveFrame",
    "Meaning",
    "Memory",
    "ModelConfig",
    "Neighbour",
    "Normal",
    "Number",
    "Objective",
    "Outputs",
    "Part",
    "Pictures",
    "Predictor",
    "Result",
    "Sample",
    "Section",
    "Share",
    "Spec",
    "Splits",
    "Survey",
    "Target",
    "TaskConfig",
    "Tensor",
    "Text",
    "Told",
    "UserPath",
    "Views",
    "Watcher",
    "Words",
    "WorkError",
    "address_of",
    "copied_from",
    "copy_of",
    "copy_of_shipped",
    "expanded",
    "local_path",
    "named_place",
    "own_cache",
    "raised_by",
    "unbatched",
]
