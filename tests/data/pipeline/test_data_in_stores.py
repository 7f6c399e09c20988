"""Tests of data whose files, and whose preparation, lie in a store: fsspec's own one in memory."""

import pytest

from lstm_zoo.contracts import InputError, local_path
from lstm_zoo.data.pipeline.finding import check_folder
from lstm_zoo.data.videos.moving_shapes import MovingShapes
from lstm_zoo.disk import sending

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Makes this process work on another machine, whose cache is empty; the store is empty at the start."""
    fsspec.filesystem("memory").store.clear()

    def on(name):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        monkeypatch.setattr(sending, "_fetched", set())

    on("first")
    return on


def shapes():
    return MovingShapes.model_validate(
        {
            "kind": "moving_shapes",
            "data_dir": "memory://bucket/prepared",
            "num_train": 8,
            "num_val": 4,
            "num_test": 4,
            "clip": {"num_frames": 4, "size": 16},
        }
    )


def in_store():
    return sorted(fsspec.filesystem("memory").find("/bucket"))


def test_the_text_of_a_recipe_bears_the_address_on_all_machines(machine):
    text = shapes().model_dump_json()
    machine("second")
    assert '"memory://bucket/prepared"' in text
    assert shapes().model_dump_json() == text
    assert shapes().data_dir == local_path("memory://bucket/prepared")


def test_a_folder_in_a_store_is_there_once_it_is_looked_at(machine):
    fsspec.filesystem("memory").pipe_file("/bucket/videos/a/1.mp4", b"1")
    root = local_path("memory://bucket/videos")
    check_folder(root)
    assert (root / "a/1.mp4").read_bytes() == b"1"
    with pytest.raises(InputError, match=r"data\.root: there is nothing at memory://bucket/other"):
        check_folder(local_path("memory://bucket/other"))


def test_what_one_machine_has_prepared_others_fetch(machine, monkeypatch):
    first = shapes().load()
    assert any(path.endswith("dataset_info.json") for path in in_store())
    before = in_store()
    machine("second")
    monkeypatch.setattr(MovingShapes, "reader", lambda self: lambda item: pytest.fail("prepared again"))
    second = shapes().load()
    assert second.folder != first.folder
    assert second.fingerprint == first.fingerprint
    assert [one.name for one in second.judged("test")] == [one.name for one in first.judged("test")]
    assert in_store() == before


def test_a_preparation_that_is_not_whole_is_seen_by_nobody(machine, monkeypatch):
    put = type(fsspec.filesystem("memory")).put_file

    def dying(self, path, to, **options):
        if to.endswith("examples.csv"):
            raise OSError("no route")
        put(self, path, to, **options)

    with monkeypatch.context() as now:
        now.setattr(type(fsspec.filesystem("memory")), "put_file", dying)
        with pytest.raises(RuntimeError, match=r"cannot be written .*no route"):
            shapes().load()
    assert in_store()
    assert not any(path.endswith("dataset_info.json") for path in in_store())
    shapes().load()  # prepared already, and sent now
    assert any(path.endswith("dataset_info.json") for path in in_store())
