"""PredRNN (Wang, Long, Wang, Gao & Yu, NIPS 2017): spatiotemporal LSTMs that read a clip, then their own frames.

Differs from the paper: fewer and narrower layers by default; only the frames behind the clip are learnt, where the
paper's loss counts those of the clip as well; no layer normalisation. Of the 2022 article (arXiv 2103.09504) it has
reverse scheduled sampling, for each frame and example, and not the loss that decouples the two memories.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import PositiveInt

from ..contracts import Frames, InputError, ModelConfig, Spec
from .parts.frame_inputs import frame_inputs
from .parts.odd_size import OddSize

if TYPE_CHECKING:
    import keras


class Predrnn(ModelConfig):
    """Spatiotemporal LSTMs with a memory that zigzags through layers and steps (Wang et al. 2017)."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "frames"
    kind: Literal["predrnn"] = "predrnn"
    patch: PositiveInt = 4
    """Side of the squares of pixels that the picture is taken apart into, in pixels."""
    units: PositiveInt = 32
    """Units of each layer."""
    num_layers: PositiveInt = 3
    """Layers, one above the other."""
    kernel_size: OddSize = 3
    """Side of what a unit sees of the step before, in patches; odd."""
    sampling: Literal["none", "forward", "reverse"] = "reverse"
    """What training shows beside the clip and the network's own frames: nothing (`none`); true later frames, fewer and
    fewer (`forward`, 2017); besides, the network's own frames for some of the clip's, fewer and fewer (`reverse`)."""
    sampling_steps: PositiveInt = 1000
    """Training steps after which it sees what it will see in use."""

    def problems(self) -> Iterator[InputError]:
        """Yield options that would do nothing."""
        yield from super().problems()
        if "sampling_steps" in self.model_fields_set and self.sampling == "none":
            yield InputError("sampling_steps", "has no effect with sampling: none; remove it")

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network; there are no pretrained weights."""
        import keras

        from ..layers import ImageScaling, PredRNN

        del pretrained
        assert isinstance(spec.target, Frames)
        inputs = frame_inputs(spec)
        options = self.model_dump(include={"units", "num_layers", "kernel_size", "patch", "sampling", "sampling_steps"})
        frames = PredRNN(spec.target.horizon, **options, name="predrnn")
        clip = ImageScaling("unit", name="scaling")(inputs["clip"])
        return keras.Model(inputs, frames(clip, inputs["later"]), name=self.kind)
