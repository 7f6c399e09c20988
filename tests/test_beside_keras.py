"""`.keras` files load in programs of others, in whichever order these import the package and Keras."""

import os
import subprocess
import sys

import keras
import pytest

import lstm_zoo


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    image = keras.Input((4, 3, 2))
    keras.Model(image, lstm_zoo.layers.MDLSTM2D(3)(image)).save(path)
    return path


@pytest.mark.parametrize(
    "imports",
    [
        "import keras, lstm_zoo",
        "import lstm_zoo, keras",
        "import lstm_zoo, importlib.util, sys; importlib.util.find_spec('keras'); assert 'keras' not in sys.modules",
    ],
)
def test_either_order_of_imports_will_do(file, imports):
    code = f"{imports}; import keras; print(type(keras.saving.load_model({str(file)!r}).layers[-1]).__module__)"
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}  # the quickest to import
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "lstm_zoo.layers.spatial.md_lstm\n", done.stderr


def test_without_keras_the_package_is_imported_all_the_same():
    code = "import sys; sys.modules['keras'] = None; import lstm_zoo; print(lstm_zoo.load_config.__name__)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "load\n"
