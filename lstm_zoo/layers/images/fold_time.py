"""The same network on every frame of a clip, all frames at once."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable("lstm_zoo")
class FoldTime(keras.layers.Wrapper):
    """Applies a layer to every frame, with the frames folded into the batch axis.

    The mathematics is that of `keras.layers.TimeDistributed`; but the layer is traced and called once, on a batch of
    B x T frames, instead of once a frame.

    Args:
        layer: Layer or model for single frames.

    Input shape:
        (B, T, ...); T may be unknown.

    Output shape:
        (B, T, ...), the trailing axes being those the layer returns.
    """

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build((None, *input_shape[2:]))
        self.built = True

    def compute_output_shape(self, input_shape):
        frame_shape = self.layer.compute_output_shape((None, *input_shape[2:]))
        return (input_shape[0], input_shape[1], *frame_shape[1:])

    def call(self, inputs, training=None):
        shape = keras.ops.shape(inputs)
        frames = keras.ops.reshape(inputs, (-1, *inputs.shape[2:]))  # (B * T, ...)
        # A network in which nothing is trained runs as in evaluation, or its batch statistics would move.
        outputs = self.layer(frames, training=training and bool(self.layer.trainable_weights))
        return keras.ops.reshape(outputs, (-1, shape[1], *outputs.shape[1:]))  # (B, T, ...)
