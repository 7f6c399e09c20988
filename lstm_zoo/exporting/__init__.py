"""Exports that prove themselves: a run as a file for Keras, TensorFlow, onnxruntime or LiteRT."""
