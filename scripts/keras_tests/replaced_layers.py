"""A plugin of pytest that puts the layers of lstm_zoo into the place of Keras', before a test is collected."""

import keras.src.layers

import lstm_zoo.layers

REPLACED = ("LSTM", "GRU", "SimpleRNN", "ConvLSTM2D")

for name in REPLACED:
    for module in (keras.src.layers, keras.layers):
        setattr(module, name, getattr(lstm_zoo.layers, name))
