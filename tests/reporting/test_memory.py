"""The memory that training takes, from shapes alone."""

from types import SimpleNamespace

from lstm_zoo.reporting.memory import training_bytes


def layer(shape, *weights):
    named = [SimpleNamespace(path=f"layer/{name}", shape=size) for name, size in weights]
    return SimpleNamespace(output=SimpleNamespace(shape=(None, *shape)), weights=named)


def network(block, units):
    """Return a network like a PyraMiD-LSTM of six sweeps: four gates each."""
    gates = [(f"{sweep}_{part}", (4 * units,)) for sweep in range(6) for part in ("kernel", "bias")]
    return SimpleNamespace(layers=[layer((*block, 1)), layer((*block, units), *gates)], count_params=lambda: 1000)


def test_memory_grows_with_blocks_batches_and_gates():
    block = (16, 64, 64)
    least = training_bytes(network((1, 1, 1), 1), 1)
    of = {(batch, units): training_bytes(network(block, units), batch) - least for batch in (1, 2) for units in (4, 16)}
    assert abs(of[2, 4] / of[1, 4] - 2) < 0.01 and abs(of[1, 16] / of[1, 4] - 4) < 0.1
    assert abs((least + of[1, 16]) / 2**30 - 1.20) < 0.1  # as measured
    assert abs((least + of[1, 4]) / 2**30 - 0.93) < 0.1
