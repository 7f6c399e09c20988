import fsspec
import pytest

from lstm_zoo.config.recipe import load
from lstm_zoo.disk import sending
from lstm_zoo.training.fit import train

ADDRESS = "memory://bucket/run"


@pytest.mark.usefixtures("eager")
def test_a_run_is_kept_at_its_address_and_goes_on_from_there(data_dir, tmp_path, monkeypatch):
    files = fsspec.filesystem("memory")
    files.store.clear()

    def trained(machine, epochs, **how):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / machine))
        monkeypatch.setattr(sending, "_fetched", set())
        settings = [f"data.data_dir={data_dir}", "data.num_train=8", "data.num_val=4", f"train.epochs={epochs}"]
        return train(load("smoke/cnn_lstm.yaml", settings), ADDRESS, **how)

    trained("one", 1)
    kept = {path.removeprefix("/bucket/run/") for path in files.find("/bucket/run")}
    assert {"config.yaml", "history.csv", "best.weights.h5", "report.html"} <= kept
    run = trained("another", 2, resume=True)
    assert len((run.path / "history.csv").read_text().splitlines()) == 3
    assert files.cat("/bucket/run/history.csv") == (run.path / "history.csv").read_bytes()
