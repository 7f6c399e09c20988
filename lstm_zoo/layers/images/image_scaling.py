"""From uint8 pixels to the numbers a pretrained network was trained on."""

from __future__ import annotations

import keras

# Means of ImageNet: of blue, green, red in 0..255, and of red, green, blue in 0..1 with their standard deviations.
_CAFFE_MEANS = (103.939, 116.779, 123.68)
_TORCH_MEANS = (0.485, 0.456, 0.406)
_TORCH_DEVIATIONS = (0.229, 0.224, 0.225)
MODES = ("caffe", "tf", "torch", "unit", "none")


@keras.saving.register_keras_serializable("lstm_zoo")
class ImageScaling(keras.layers.Layer):
    """Scales pixels the way a family of networks expects; part of the network, so that it cannot be forgotten.

    Args:
        mode: `tf`: to -1..1. `caffe`: to blue, green, red less their means. `torch`: to 0..1, less the means, over the
            standard deviations. `unit`: to 0..1. `none`: floats in 0..255, for networks that scale by themselves.

    Input shape:
        (..., 3), red, green, blue in 0..255, of any type.

    Output shape:
        The same, in the layer's compute type.

    Raises:
        ValueError: There is no such mode.
    """

    def __init__(self, mode: str, **kwargs):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"mode: got {mode!r}, expected one of {', '.join(MODES)}")
        self.mode = mode
        self._convert_input_args = False  # uint8 goes to the device as it is, and is converted there

    def call(self, inputs):
        pixels = keras.ops.cast(inputs, "float32")
        if self.mode == "tf":
            pixels = pixels / 127.5 - 1.0
        elif self.mode == "unit":
            pixels = pixels / 255.0
        elif self.mode == "caffe":
            pixels = keras.ops.flip(pixels, axis=-1) - keras.ops.convert_to_tensor(_CAFFE_MEANS)
        elif self.mode == "torch":
            means, deviations = (keras.ops.convert_to_tensor(row) for row in (_TORCH_MEANS, _TORCH_DEVIATIONS))
            pixels = (pixels / 255.0 - means) / deviations
        return keras.ops.cast(pixels, self.compute_dtype)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}
