"""The tasks: what a network learns and how it is judged. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .captioning import Captioning
from .classification import Classification
from .segmentation import Segmentation

TASKS = (Classification, Captioning, Segmentation)
Task = Annotated[Classification | Captioning | Segmentation, Field(discriminator="kind")]
