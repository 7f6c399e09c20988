"""The network as it is traced for a file."""

import keras

from lstm_zoo.exporting.network import traceable
from lstm_zoo.layers import LSTM
from lstm_zoo.layers.recurrent import recurrence


def test_no_file_asks_for_xla(monkeypatch):
    monkeypatch.setattr(recurrence, "_WORTH_COMPILING", 0)
    inputs = keras.Input((6, 3), name="frames")
    function, _ = traceable(keras.Model({"frames": inputs}, {"scores": LSTM(2)(inputs)}))
    functions = function.get_concrete_function().graph.as_graph_def().library.function
    assert not [one.signature.name for one in functions if one.attr["_XlaMustCompile"].b]
