"""PredRNN: spatiotemporal LSTMs one above the other, fed with frames and then with what they foretell themselves.

Wang, Long, Wang, Gao & Yu, NIPS 2017, and Wang et al., TPAMI 2022, arXiv 2103.09504, for reverse scheduled sampling.
"""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from ..convolutional.st_lstm import STLSTM
from ..convolutional.xla import xla_convolves
from .next_frames import NextFrames
from .patches import from_patches, to_patches

_LEAST = 0.5  # share of true frames that a clip begins with under reverse sampling


@keras.saving.register_keras_serializable("lstm_zoo")
class PredRNN(NextFrames):
    """Layers of `STLSTM` whose memory goes up through the layers and on to the bottom of the next step.

    In use they see the clip and then their own frames. What else they see in training is `sampling`:

    - `none`: the same.
    - `forward` (2017): of the later frames a share is true, drawn for each frame and falling from all to none.
    - `reverse` (2022): besides, of the clip's frames after the first a share is their own, falling from half to none.

    Args:
        horizon: Frames that are foretold.
        units: Units U of each layer.
        num_layers: Layers.
        kernel_size: Side of what a unit sees of the step before, in patches; odd.
        patch: Side of a patch, in pixels.
        sampling: See above.
        sampling_steps: Training steps over which shares fall.

    Call arguments:
        clip: Frames, (B, T, H, W, C) from 0 to 1.
        later: The true ones that follow, (B, horizon, H, W, C) uint8.
    """

    def __init__(
        self,
        horizon: int,
        units: int = 32,
        num_layers: int = 2,
        kernel_size: int = 5,
        patch: int = 4,
        sampling: Literal["none", "forward", "reverse"] = "none",
        sampling_steps: int = 1000,
        **options: Any,
    ):
        super().__init__(**options)
        self.horizon = horizon
        self.units = units
        self.num_layers = num_layers
        self.kernel_size = kernel_size
        self.patch = patch
        self.sampling = sampling
        self.sampling_steps = sampling_steps
        self.cells = [
            self.part(STLSTM, units, kernel_size, name=f"st_lstm_{number}") for number in range(1, num_layers + 1)
        ]
        self.seed_generator = keras.random.SeedGenerator()
        self.supports_jit = xla_convolves()

    def build(self, clip_shape, later_shape=None):
        depth = self.patch**2 * clip_shape[-1]
        for number, cell in enumerate(self.cells):
            cell.build((None, None, None, self.units if number else depth))
        self.logits = self.part(keras.layers.Dense, depth, name="logits")
        self.logits.build((None, self.units))
        if self.sampling != "none":
            options = {"initializer": "zeros", "trainable": False, "aggregation": "only_first_replica"}
            self.steps_taken = self.add_weight(shape=(), dtype="float32", autocast=False, **options, name="steps_taken")
        self.built = True

    def call(self, clip, later=None, training=False):
        true = ops.unstack(to_patches(ops.cast(clip, self.compute_dtype), self.patch), axis=1)
        num_shown, shares = len(true), {}
        if training and later is not None and self.sampling != "none":
            shares = self._shares(num_shown)
            later = ops.cast(later, self.compute_dtype) / 255
            true += ops.unstack(to_patches(later, self.patch), axis=1)[:-1]
        x, foretold = true[0], []
        states, memory = self._nothing(x)
        for step in range(num_shown + self.horizon - 1):
            if step:
                own = ops.sigmoid(foretold[-1])
                share = shares.get(step, 1.0 if step < num_shown else 0.0)
                x = self._drawn(true[step], own, share) if step in shares else true[step] if share else own
            x, states, memory = self._step(x, states, memory)
            foretold.append(self.logits(x))
        frames = ops.cast(ops.stack(foretold[num_shown - 1 :], axis=1), "float32")
        return from_patches(frames, self.patch, *clip.shape[2:4])

    def _step(self, x: Any, states: list, memory: Any) -> tuple[Any, list, Any]:
        """Return the top layer's H, and states and memory after a step."""
        after = []
        for cell, (h, c) in zip(self.cells, states, strict=True):
            x, c, memory = cell(x, h, c, memory)
            after.append((x, c))
        return x, after, memory

    def _nothing(self, x: Any) -> tuple[list, Any]:
        """Return states and memory before the first step."""
        zeros = ops.repeat(ops.zeros_like(x[..., :1]), self.units, axis=-1)
        return [(zeros, zeros)] * self.num_layers, zeros

    def _shares(self, num_shown: int) -> dict[int, Any]:
        """Return the share of true frames at each step where frames are drawn, one training step further on."""
        self.steps_taken.assign_add(1.0)
        progress = ops.minimum(1.0, (self.steps_taken - 1) / self.sampling_steps)
        shares = dict.fromkeys(range(num_shown, num_shown + self.horizon - 1), 1 - progress)
        if self.sampling == "reverse":
            shares |= dict.fromkeys(range(1, num_shown), _LEAST + (1 - _LEAST) * progress)
        return shares

    def _drawn(self, true: Any, own: Any, share: Any) -> Any:
        """Return for each example its true frame or its own."""
        chance = keras.random.uniform((ops.shape(true)[0], 1, 1, 1), seed=self.seed_generator)
        return ops.where(chance < share, true, own)

    def compute_output_spec(self, clip, later=None, training=False):
        return keras.KerasTensor((clip.shape[0], self.horizon, *clip.shape[2:]), "float32")

    def get_config(self):
        names = "horizon units num_layers kernel_size patch sampling sampling_steps".split()
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
