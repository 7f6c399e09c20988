"""The tasks: what a network learns and how it is judged. The union below is the registry."""

from .classification import Classification

TASKS = (Classification,)
Task = Classification
