"""A captioner that looks at regions: its training step, against the same network in PyTorch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..contracts.words import END, START
from .pytorch import torch_training_steps
from .row import BOTH, Contender, Context, Row, Work, random_array

Sizes = tuple[int, int, int, int, int]
"""Images, regions of each, the width of all vectors and layers, words of the vocabulary, words of a caption."""
DROPOUT = 0.5


def show_attend_tell_training(context: Context) -> list[Row]:
    """A training step of `show_attend_tell` on features of regions, with its penalty, against PyTorch's `LSTMCell`."""
    sizes = (4, 4, 8, 20, 5) if context.quick else (64, 49, 512, 5000, 16)
    contenders = {"ours": Contender(partial(_steps, sizes)), "torch": Contender(partial(_torch_steps, sizes), "torch")}
    images, regions, width, vocabulary, num_words = sizes
    name = f"show_attend_tell training, {images} images, {regions} regions, {width} units, {vocabulary:,} words"
    return [Row(f"{name}, captions of {num_words}", "step", contenders, BOTH)]


def _batch(sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Return features (B, L, D) and captions (B, T) without padding."""
    images, regions, width, vocabulary, num_words = sizes
    words = np.random.default_rng(0).integers(END + 1, vocabulary, (images, num_words)).astype(np.int32)
    return random_array(images, regions, width), words


def _steps(sizes: Sizes, context: Context) -> Work:
    import keras

    from ..layers import ShowAttendTellDecoder
    from ..tasks.metrics.losses import caption_loss
    from .frameworks import training_steps

    _, _, width, vocabulary, num_words = sizes
    features, captions = _batch(sizes)
    inputs = keras.Input(features.shape[1:], name="features")
    words = keras.Input((None, num_words), dtype="int32", name="words")
    decoder = ShowAttendTellDecoder(vocabulary, width, width, attention_units=width, dropout=DROPOUT)
    model = keras.Model({"features": inputs, "words": words}, decoder(inputs, words))
    captions = captions[:, None]  # (B, N, T)
    return training_steps(model, caption_loss(0.0), {"features": features, "words": captions}, captions, ours=True)


def _torch_steps(sizes: Sizes, context: Context) -> Work:
    import torch

    features, captions = map(torch.tensor, _batch(sizes))
    captions = captions.long()
    network = torch_captioner(sizes[2], sizes[3])
    return torch_training_steps(network, lambda network: torch_loss(network, features, captions))


def torch_captioner(width: int, vocabulary: int, dropout: float = DROPOUT) -> Any:
    """Return the zoo's network as a PyTorch module: of regions (B, L, D) and words before (B, T), scores and attention.

    All its layers are as wide as the regions.
    """
    import torch
    from torch import nn

    class Captioner(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, width)
            self.first_h, self.first_c, self.of_regions, self.of_state = (nn.Linear(width, width) for _ in range(4))
            self.of_query, self.of_context = (nn.Linear(width, width, bias=False) for _ in range(2))
            self.look, self.gate = nn.Linear(width, 1, bias=False), nn.Linear(width, 1)
            self.cell = nn.LSTMCell(2 * width, width)
            self.drop_words, self.drop_output = nn.Dropout(dropout), nn.Dropout(dropout)
            self.score = nn.Linear(width, vocabulary)

        def forward(self, regions, before):
            vectors, keys, mean = self.drop_words(self.embedding(before)), self.of_regions(regions), regions.mean(1)
            h, c = torch.tanh(self.first_h(mean)), torch.tanh(self.first_c(mean))
            steps = []
            for vector in vectors.unbind(1):
                likeness = self.look(torch.tanh(keys + self.of_query(h)[:, None]))[..., 0]  # (B, L)
                weights = likeness.softmax(-1)
                context = torch.sigmoid(self.gate(h)) * torch.bmm(weights[:, None], regions)[:, 0]
                h, c = self.cell(torch.cat([vector, context], dim=1), (h, c))
                steps.append((h, context, weights))
            h, context, weights = (torch.stack(column, dim=1) for column in zip(*steps, strict=True))
            deep = torch.tanh(vectors + self.of_state(h) + self.of_context(context))
            return self.score(self.drop_output(deep)), weights

    return Captioner()


def torch_loss(network: Any, features: Any, captions: Any) -> Any:
    """Return the cross-entropy of words, and the penalty of regions that are looked at more or less than once."""
    import torch

    before = torch.cat([torch.full_like(captions[:, :1], START), captions[:, :-1]], dim=1)
    scores, weights = network(features, before)
    penalty = ((1 - weights.sum(1)) ** 2).mean()
    return torch.nn.functional.cross_entropy(scores.flatten(0, 1), captions.flatten()) + penalty
