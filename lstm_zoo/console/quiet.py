"""TensorFlow and TFDS without their start-up messages."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings


def silence() -> None:
    """Keep TensorFlow, absl and TFDS from talking; to be called before they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")


_REMARKS_OF_TFDS = ("Using custom data configuration", "`FeatureConnector.dtype`", "`TensorInfo.dtype`", "map_fn")


def silence_tfds() -> None:
    """Keep TFDS's remarks about its own doings out of a user's notebook; whatever else talks there still does."""
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).addFilter(_is_no_remark_of_tfds)


def _is_no_remark_of_tfds(record: logging.LogRecord) -> bool:
    return not any(remark in record.getMessage() for remark in _REMARKS_OF_TFDS)


def import_keras() -> None:
    """Import Keras and its backend while standard error is held back, and show what was said only if that fails.

    TensorFlow's C++ part writes to the file descriptor, whatever the log level says.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow  # noqa: F401 (which reads the data, whatever Keras stands on)
        except Exception:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
