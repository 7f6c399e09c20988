"""Tests of mirrors of object stores, with fsspec's store in memory, whose objects another machine may change."""

import os

import pytest

from lstm_zoo.contracts import InputError, address_of, local_path
from lstm_zoo.disk import sending, stores
from lstm_zoo.disk.sending import fetched, kept_in_store
from lstm_zoo.disk.store_errors import StoreError

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store's files, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sending, "_fetched", set())
    files = fsspec.filesystem("memory")
    files.store.clear()
    return files


def mirror(path="memory://bucket/a"):
    return stores.mirror_of(local_path(path))


def contents(files):
    return {path: files.cat(path).decode() for path in files.find("/")}


def test_what_is_new_or_changed_or_gone_there_is_so_here(store):
    here = mirror()
    store.pipe({"/bucket/a/one": b"1", "/bucket/a/b/two": b"2", "/bucket/ab/other": b"3"})
    assert here.fetch()
    assert sorted(one.relative_to(here.path).as_posix() for one in here.path.rglob("*") if one.is_file()) == [
        "b/two",
        "one",
    ]
    assert (here.path / "one").stat().st_mtime == pytest.approx(store.modified("/bucket/a/one").timestamp(), abs=1e-3)
    before = (here.path / "one").stat()
    store.rm_file("/bucket/a/b/two")
    store.pipe_file("/bucket/a/three", b"3")
    assert here.fetch()
    assert (here.path / "three").read_text() == "3"
    assert not (here.path / "b/two").exists()
    assert os.path.samestat((here.path / "one").stat(), before)  # it was not brought again


def test_what_is_new_or_changed_or_removed_here_is_so_there(store):
    here = mirror()
    here.path.mkdir(parents=True)
    (here.path / "one").write_text("1")
    (here.path / "two").write_text("2")
    (here.path / ".draft").write_text("half")
    assert here.send()
    assert contents(store) == {"/bucket/a/one": "1", "/bucket/a/two": "2"}
    assert not here.send()
    (here.path / "one").write_text("11")
    (here.path / "two").unlink()
    store.pipe_file("/bucket/a/three", b"of another machine")
    assert here.send()
    assert contents(store) == {"/bucket/a/one": "11", "/bucket/a/three": "of another machine"}


def test_a_file_alone_has_a_mirror(store):
    here = mirror("memory://bucket/list.jsonl")
    assert not here.fetch()
    here.path.write_text("1\n")
    here.send()
    assert contents(store) == {"/bucket/list.jsonl": "1\n"}
    store.pipe_file("/bucket/list.jsonl", b"1\n2\n")
    assert here.fetch()
    assert here.path.read_text() == "1\n2\n"


def test_where_both_have_changed_neither_is_lost(store):
    here = mirror()
    store.pipe({"/bucket/a/one": b"1", "/bucket/a/two": b"2"})
    here.fetch()
    for name in ("one", "two"):
        (here.path / name).write_text("mine")
    store.pipe_file("/bucket/a/one", b"theirs")
    with pytest.raises(InputError, match=r"memory://bucket/a .*have both changed \(one\)"):
        here.send()
    assert contents(store) == {"/bucket/a/one": "theirs", "/bucket/a/two": "mine"}
    with pytest.raises(InputError, match="both changed"):
        here.fetch()
    assert (here.path / "one").read_text() == "mine"


def killed_at(files, monkeypatch, name, *, arrived):
    """Have a process die when it sends a file, before or after the store has it."""
    put = type(files).put_file

    def dying(self, path, to, **options):
        if arrived or not to.endswith(name):
            put(self, path, to, **options)
        if to.endswith(name):
            raise KeyboardInterrupt

    monkeypatch.setattr(type(files), "put_file", dying)
    return lambda: monkeypatch.setattr(type(files), "put_file", put)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_process_that_was_killed_while_it_sent_leaves_no_doubt(store, monkeypatch, arrived):
    here = mirror()
    store.pipe_file("/bucket/a/one", b"1")
    here.fetch()
    (here.path / "one").write_text("22")
    mend = killed_at(store, monkeypatch, "one", arrived=arrived)
    with pytest.raises(KeyboardInterrupt):
        here.send()
    mend()
    (here.path / "one").write_text("333")
    assert here.fetch()
    assert (here.path / "one").read_text() == "333"
    here.send()
    assert contents(store) == {"/bucket/a/one": "333"}


def test_what_others_belong_to_goes_last(store, monkeypatch):
    here = mirror()
    (here.path / "checkpoints").mkdir(parents=True)
    (here.path / "checkpoints/1").write_text("1")
    (here.path / "weights").write_text("1")
    mend = killed_at(store, monkeypatch, "weights", arrived=False)
    with pytest.raises(KeyboardInterrupt):
        here.send("checkpoints/")
    assert contents(store) == {}
    mend()
    here.send("checkpoints/")
    assert contents(store) == {"/bucket/a/checkpoints/1": "1", "/bucket/a/weights": "1"}


def test_what_is_replaced_while_it_is_sent_goes_next_time(store, monkeypatch):
    here = mirror()
    here.path.mkdir(parents=True)
    (here.path / "1").write_text("1")
    here.send()
    (here.path / "1").rename(here.path / "2")
    put = type(store).put_file

    def late(self, path, to, **options):
        os.rename(path, f"{path}0")
        put(self, path, to, **options)

    monkeypatch.setattr(type(store), "put_file", late)
    here.send()
    assert contents(store) == {"/bucket/a/1": "1"}  # not nothing
    monkeypatch.setattr(type(store), "put_file", put)
    here.send()
    assert contents(store) == {"/bucket/a/20": "1"}


def test_a_name_that_leads_out_of_the_mirror_is_refused(store):
    store.store["/bucket/a/../../out"] = store.store.get("/bucket/a/b") or _object(store)
    with pytest.raises(InputError, match="no file can be called so"):
        mirror().fetch()


def _object(files):
    files.pipe_file("/other", b"1")
    return files.store["/other"]


def test_a_place_is_fetched_once(store):
    store.pipe_file("/bucket/a/one", b"1")
    path = fetched(local_path("memory://bucket/a"))
    store.pipe_file("/bucket/a/two", b"2")
    assert fetched(path / "b").parent == path
    assert [one.name for one in path.iterdir()] == ["one"]
    with pytest.raises(InputError, match="there is nothing at memory://bucket/c"):
        fetched(local_path("memory://bucket/c"))


def test_what_is_written_inside_is_sent_meanwhile_and_at_the_end(store, monkeypatch):
    monkeypatch.setattr(sending, "_PAUSE", 0.01)
    path = local_path("memory://bucket/run")
    with kept_in_store(path):
        path.mkdir(parents=True)
        (path / "one").write_text("1")
        for _ in range(500):
            if "/bucket/run/one" in contents(store):
                break
            sending.time.sleep(0.01)
        assert "/bucket/run/one" in contents(store)
        (path / "two").write_text("2")
    assert contents(store) == {"/bucket/run/one": "1", "/bucket/run/two": "2"}


def test_a_failure_is_told_and_tried_again(store, monkeypatch, capsys):
    monkeypatch.setattr(sending.time, "sleep", lambda seconds: None)
    failing = [OSError("no route"), OSError("no route")]
    put = type(store).put_file

    def put_file(self, path, to, **options):
        if failing:
            raise failing.pop()
        put(self, path, to, **options)

    monkeypatch.setattr(type(store), "put_file", put_file)
    path = local_path("memory://bucket/run/list")
    with kept_in_store(path):
        path.write_text("1")
    assert contents(store) == {"/bucket/run/list": "1"}
    assert "memory://bucket/run/list cannot be written (OSError: no route)" in capsys.readouterr().err
    failing += [OSError("no route")] * 3
    with pytest.raises(StoreError, match=r"no route.*Not all of .*run/list was sent"), kept_in_store(path):
        path.write_text("2")


def test_mistakes_are_told(store):
    with pytest.raises(InputError, match=r"nostore://bucket/a: .*expected an address such as s3://bucket/folder"):
        mirror("nostore://bucket/a")
    with pytest.raises(ValueError, match="expected an address"):
        local_path("s3:///a")
    with pytest.raises(ValueError, match="expected an address"):
        local_path("s3://bucket/../a")


def test_a_missing_package_is_told(store, monkeypatch):
    def missing(*arguments, **options):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(InputError, match=r"s3://bucket/a needs a package .*pip install 'lstm-zoo\[stores\]'"):
        mirror("s3://bucket/a")


def test_addresses_and_mirrors(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = local_path("s3://bucket/a/b.mp4")
    assert path == tmp_path / "lstm_zoo/stores/s3/bucket/a/b.mp4"
    assert address_of(path) == "s3://bucket/a/b.mp4"
    assert local_path("s3://bucket/") == local_path("s3://bucket")
    assert address_of(local_path("runs/a")) is None
    assert address_of(tmp_path / "lstm_zoo/stores/s3") is None
