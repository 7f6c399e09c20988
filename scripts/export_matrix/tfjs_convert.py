"""Makes a folder for TensorFlow.js of a SavedModel: of its signature without text, if it has one.

Usage: python tfjs_convert.py SAVED_MODEL FOLDER
"""

import sys
from types import ModuleType

import tensorflow as tf

sys.modules["tensorflow_decision_forests"] = ModuleType("")  # not needed, and asks for another protobuf than TensorFlow
from tensorflowjs.converters.tf_saved_model_conversion_v2 import convert_tf_saved_model  # noqa: E402

saved_model, folder = sys.argv[1:]
names = list(tf.saved_model.load(saved_model).signatures)
convert_tf_saved_model(saved_model, folder, signature_def="numbers" if "numbers" in names else "serving_default")
