"""Preparation by workers, against that of one process."""

import os
import shutil
from contextlib import nullcontext

import numpy as np
import pytest
from lstmzoo import lstmzoo

from lstm_zoo.cluster import preparation
from lstm_zoo.cluster.dealing import dealt
from lstm_zoo.cluster.preparation import grouped, prepare
from lstm_zoo.cluster.room import Wanted
from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.data.pipeline.family import Item


@pytest.fixture
def root(video_root, tmp_path):
    """Twelve clips, and one that is none."""
    root = tmp_path / "mine"
    shutil.copytree(video_root, root)
    (root / "dark" / "dark_s0_9.mp4").write_bytes(b"no film at all")
    return root


def data_of(root, data_dir, *more):
    overrides = [f"data.root={root}", f"data.data_dir={data_dir}", "data.on_bad_file=skip", *more]
    return load("smoke/video_folder.yaml", overrides).data


def content(splits):
    """Return all that is stored: tables whole, records by their values (TFDS writes their parts in any order)."""
    tables = {file.name: file.read_text() for file in splits.folder.glob("*.csv")}
    shards = sorted(file.name for file in splits.folder.glob("*tfrecord*"))
    records = [
        {name: np.asarray(value).tolist() for name, value in record.items()}
        for split in ("train", "val", "test")
        for record in splits._stored.records(split).as_numpy_iterator()
    ]
    return tables, shards, splits.fingerprint, records


def dying_once(marker):
    """Return what deals as ever, but a worker dies when it is the first to see a certain clip."""

    def deal(workers, begin, tasks, **how):
        def begin_to_die():
            read = begin()

            def read_or_die(items):
                if "dark/dark_s1_2.mkv" in [item.name for item in items] and not marker.exists():
                    marker.touch()
                    os._exit(9)
                return read(items)

            return read_or_die

        return dealt(workers, begin_to_die, tasks, **how)

    return deal


def test_groups_hold_few_files_and_keep_the_order():
    items = [Item(f"{file}#{number}") for file in range(7) for number in range(3)]
    groups = list(grouped(items, lambda item: item.name.split("#")[0], 2))
    assert [item for group in groups for item in group] == items
    assert [len(group) for group in groups] == [6, 6, 6, 3]
    assert [len(group) for group in grouped([Item(str(one)) for one in range(150)], lambda item: "a", 1)] == [
        64,
        64,
        22,
    ]
    assert list(grouped([], lambda item: "a", 2)) == []


@pytest.mark.xdist_group("ray")
def test_two_workers_of_which_one_dies_prepare_what_one_process_does(two_workers, root, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(preparation, "connected", lambda wanted: nullcontext())
    monkeypatch.setattr(preparation, "dealt", dying_once(tmp_path / "died"))
    monkeypatch.setattr(preparation, "_FILES", 1)
    monkeypatch.chdir(tmp_path)
    by_two = prepare(data_of("mine", "by_two"), two_workers)  # paths from the head's folder on
    assert "a worker has died" in capsys.readouterr().err
    here = data_of("mine", "here").load()
    assert content(by_two) == content(here)
    assert [file.name for file in by_two.bad_files] == ["dark/dark_s0_9.mp4"]


@pytest.fixture
def in_this_process(monkeypatch):
    """Have what is dealt done here; return what was asked for."""
    asked = []

    def done_here(workers, begin, tasks, **how):
        del how
        do = begin()
        asked.append(workers)
        return ((task, do(task)) for task in tasks)

    monkeypatch.setattr(preparation, "connected", lambda wanted: nullcontext(asked.append(wanted)))
    monkeypatch.setattr(preparation, "Workers", nullcontext)
    monkeypatch.setattr(preparation, "dealt", done_here)
    return asked


def test_the_command_deals_files_and_tells_what_it_tells_without_workers(in_this_process, root, tmp_path):
    words = ["data", "prepare", "--config", "smoke/video_folder.yaml", "--set", f"data.root={root}"]
    words += ["--set", "data.on_bad_file=skip", "--set", f"data.data_dir={tmp_path / 'prepared'}"]
    told = lstmzoo(*words, "--workers", 3, "--cluster", "auto", "--cpus-per-worker", 2).stdout
    assert "left out: 1 of 13 videos" in told and "prepared as video_folder/" in told
    assert in_this_process == [Wanted(3, "auto", 2)] * 4  # connected once, and what train, val and test are read by
    assert told == lstmzoo(*words, "--workers", 3).stdout == lstmzoo(*words).stdout
    assert len(in_this_process) == 4  # it is prepared: no cluster is asked for


def test_what_tfds_prepares_is_not_dealt(in_this_process):
    for kind in ("{kind: tfds_video, name: ucf101}", "{kind: coco_captions}"):
        config = load("ucf101_cnn_lstm" if "video" in kind else "coco_show_attend_tell", [f"data={kind}"])
        with pytest.raises(InputError, match="is prepared by TFDS as a whole; leave --workers out"):
            prepare(config.data, Wanted(2))
