"""Exports that prove themselves: a run as a file for Keras, TensorFlow, onnxruntime or LiteRT."""

from .artifact import Artifact
from .export import export
from .formats import FORMATS, QUANTIZATIONS, ExportError

__all__ = ["FORMATS", "QUANTIZATIONS", "Artifact", "ExportError", "export"]
