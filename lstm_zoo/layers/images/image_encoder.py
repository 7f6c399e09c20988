"""A network on single images, as one layer of another network."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable("lstm_zoo")
class ImageEncoder(keras.layers.Wrapper):
    """Applies a network to images; one in which nothing is trained runs as in evaluation.

    Args:
        layer: Model for images.

    Input shape:
        (B, H, W, C).

    Output shape:
        That of the model.
    """

    def build(self, input_shape):
        self.built = True  # a model is built already

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def call(self, inputs, training=None):
        return self.layer(inputs, training=training and bool(self.layer.trainable_weights))
