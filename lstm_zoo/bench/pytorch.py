"""Training steps in PyTorch; its processes import nothing of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .row import Work, repeated


def torch_training_steps(network: Any, loss: Callable[[Any], Any]) -> Work:
    """Return training steps of a PyTorch network with Adam.

    Args:
        network: The module.
        loss: Computes the loss of one batch by the network.
    """
    import torch

    optimizer = torch.optim.Adam(network.parameters())

    def step() -> None:
        optimizer.zero_grad()
        loss(network).backward()
        optimizer.step()

    return repeated(step)
