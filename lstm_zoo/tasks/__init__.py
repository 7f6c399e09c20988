"""The tasks: what a network learns and how it is judged. The union below is the registry."""

from typing import Annotated

from pydantic import Field

from .captioning import Captioning
from .classification import Classification

TASKS = (Classification, Captioning)
Task = Annotated[Classification | Captioning, Field(discriminator="kind")]
