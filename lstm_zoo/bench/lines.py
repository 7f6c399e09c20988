"""Lines of text: a training step of `crnn` with CTC, and reading lines from its outputs."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..contracts import Spec, Tensor, Text
from ..models.crnn import Crnn
from .pytorch import torch_training_steps
from .row import BOTH, Contender, Context, Row, Work, repeated

_PIXELS = 4  # a step
Size = tuple[int, int, int, int]
"""Lines, their height, the width of the longest, and letters of each."""


class _KerasCrnn(Crnn):
    """The same network with Keras' own layers."""

    def both_ways(self, x: Any, width: Any, units: int, pixels: int, number: int) -> Any:
        import keras

        from ..layers import StepMask

        layer = keras.layers.LSTM(units, return_sequences=True)
        return keras.layers.Bidirectional(layer)(x, mask=StepMask(pixels)(x, width))


def crnn_training(context: Context) -> list[Row]:
    """A training step of `crnn` with CTC: convolutions, an LSTM of 128 units in both directions, 50 letters."""

    def row(size: Size) -> Row:
        contenders = {
            "ours": Contender(partial(_crnn, Crnn, False, size)),
            "keras.layers.LSTM, the same loss": Contender(partial(_crnn, _KerasCrnn, False, size)),
            "keras.layers.LSTM, keras.ops.ctc_loss": Contender(partial(_crnn, _KerasCrnn, True, size)),
            "torch": Contender(partial(_torch_crnn, size), "torch"),
        }
        return Row(f"crnn training, {size[0]} lines of {size[1]} x {size[2]}", "step", contenders, BOTH)

    sizes = [(2, 16, 64, 4)] if context.quick else [(8, 48, 800, 50), (16, 48, 1184, 75)]
    return [row(size) for size in sizes]


def line_decoding(context: Context) -> list[Row]:
    """A line from log probabilities of 200 steps and 97 letters: a beam of 10 with 5-grams against Keras' beam."""
    steps = 20 if context.quick else 200
    contenders = {
        "ours": Contender(partial(_beam, steps)),
        "ours, greedy": Contender(partial(_greedy, steps)),
        "keras.ops.ctc_decode, beam of 100": Contender(partial(_keras_beam, steps, 4 if context.quick else 100)),
    }
    return [Row("reading a line from outputs", "line", contenders)]


def _lines(size: Size) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return lines of some widths, the longest first, and their letters."""
    lines, height, longest, letters = size
    random = np.random.default_rng(0)
    widths = np.linspace(longest, 0.9 * longest, lines).astype(np.int32)
    pixels = random.integers(0, 256, (lines, height, longest, 1), dtype=np.uint8)
    return {"line": pixels, "width": widths}, random.integers(0, letters, (lines, letters)).astype(np.int32)


def _crnn(kind: type[Crnn], own_loss: bool, size: Size, context: Context) -> Work:
    from ..tasks.metrics.ctc_loss import ctc_loss
    from .frameworks import training_steps

    alphabet = tuple(map(chr, range(97, 97 + size[3])))
    line = Tensor(shape=(size[1], None, 1), measured_by="width")
    spec = Spec(
        inputs={"line": line, "width": Tensor(shape=(), dtype="int32")},
        target=Text(alphabet=alphabet, pixels_per_step=_PIXELS),
    )
    model = kind().build(spec)
    loss = _keras_loss if own_loss else ctc_loss
    return training_steps(model, loss, *_lines(size), ours=kind is Crnn)


def _keras_loss(letters: Any, logits: Any) -> Any:
    from keras import ops

    letters = ops.cast(letters, "int32")
    lengths = [ops.full(ops.shape(letters)[:1], ops.shape(one)[1], "int32") for one in (letters, logits)]
    return ops.ctc_loss(letters, logits, *lengths, mask_index=logits.shape[-1] - 1)


def _torch_crnn(size: Size, context: Context) -> Work:
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    settings = Crnn()

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            blocks, maps = [], 1
            for number, filters in enumerate(settings.filters):
                last, narrows = number == len(settings.filters) - 1, number < 2
                blocks += [nn.Conv2d(maps, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
                blocks += [] if last else [nn.MaxPool2d((2, 2 if narrows else 1), ceil_mode=True)]
                maps = filters
            self.cnn = nn.Sequential(nn.Sequential(*blocks))
            features = maps * -(-size[1] // 16)
            self.lstm = nn.LSTM(features, settings.units[0], batch_first=True, bidirectional=True)
            self.head = nn.Linear(2 * settings.units[0], size[3] + 1)

        def forward(self, line, steps):
            x = self.cnn(1 - line.float() / 255).permute(0, 3, 2, 1).flatten(2)
            packed = self.lstm(pack_padded_sequence(x, steps, batch_first=True))[0]
            return self.head(pad_packed_sequence(packed, batch_first=True)[0]).log_softmax(-1)

    inputs, letters = _lines(size)
    line = torch.tensor(inputs["line"]).permute(0, 3, 1, 2)
    steps, texts = torch.tensor(-(-inputs["width"] // _PIXELS)).long(), torch.tensor(letters).long()
    lengths = torch.full((len(texts),), texts.shape[1])
    loss = nn.CTCLoss(blank=size[3])
    return torch_training_steps(
        Network(), lambda network: loss(network(line, steps).transpose(0, 1), texts, steps, lengths)
    )


def _outputs(steps: int) -> np.ndarray:
    """Return log probabilities as a trained network gives them: sure of most steps, (S, 98)."""
    random = np.random.default_rng(0)
    scores = random.normal(0, 1.2, (steps, 98)).astype(np.float32)
    letters = np.arange(steps) % 4 == 0
    scores[np.arange(steps), np.where(letters, random.integers(0, 97, steps), 97)] += 11
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def _alphabet() -> list[str]:
    return [chr(0x100 + number) for number in range(97)]


def _beam(steps: int, context: Context) -> Work:
    from ..tasks.ctc.beam import beam
    from ..tasks.ctc.character_model import CharacterModel

    random, alphabet = np.random.default_rng(1), _alphabet()
    texts = ["".join(random.choice(alphabet, 50)) for _ in range(10 if context.quick else 450)]
    language, outputs = CharacterModel.counted(texts), _outputs(steps)
    return repeated(lambda: beam(outputs, alphabet, language=language))


def _greedy(steps: int, context: Context) -> Work:
    from ..tasks.ctc.reading import greedy

    outputs, alphabet = _outputs(steps), _alphabet()
    return repeated(lambda: greedy(outputs, alphabet))


def _keras_beam(steps: int, width: int, context: Context) -> Work:
    from keras import ops

    outputs, lengths = _outputs(steps)[None], np.array([steps], np.int32)
    return repeated(lambda: ops.ctc_decode(outputs, lengths, strategy="beam_search", beam_width=width, mask_index=97))
