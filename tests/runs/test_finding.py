"""Runs by whatever a user names them: folders, repositories of the hub and archives, whole or told to be damaged."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from lstmzoo import lstmzoo

from lstm_zoo.config.recipe import load
from lstm_zoo.console.version import is_newer
from lstm_zoo.contracts import InputError, named_place
from lstm_zoo.disk.archives import ArchiveError
from lstm_zoo.disk.hashes import hash_of
from lstm_zoo.disk.hub import HubError, Repository, repository_of, upload
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.finding import found, new_path
from lstm_zoo.runs.manifest import MANIFEST, write_manifest

NAME = "me/clips"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A run that looks like a published one; its weights are no network's."""
    config = load("smoke/flatten_lstm.yaml")
    run = Run.create(tmp_path_factory.mktemp("published") / "run", config, config.data.expected_spec(), "drawn")
    for name in ("best.weights.h5", "figures/val/a [1].png"):
        (run.path / name).parent.mkdir(parents=True, exist_ok=True)
        (run.path / name).write_bytes(name.encode() * 100)
    (run.path / "best.weights.sha256").write_text(hash_of(run.path / "best.weights.h5"))
    write_manifest(run.path, {"versions": run.environment["versions"]})
    (run.path / "README.md").write_text("-")
    return run.path


def line_of(what, error=InputError):
    """Return the one line that opening a run ends with."""
    with pytest.raises(error) as caught:
        Run.open(what)
    (line,) = str(caught.value).splitlines()
    return line


def test_runs_of_one_second_get_places_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load("smoke/cnn_lstm.yaml")
    places = [new_path(config) for _ in range(3)]
    assert len(set(places)) == 3 and set(Path("runs").iterdir()) == set(places)


def test_how_repositories_are_named(monkeypatch):
    commit = "0123456789" * 4
    for text, revision in {
        "hf://me/clips": None,
        f"hf://models/me/clips@{commit}": commit,
        "hf://me/clips@refs/pr/1": "refs/pr/1",
        "https://huggingface.co/me/clips": None,
        "https://huggingface.co/me/clips/tree/v1.0": "v1.0",
        "https://hf.co/me/clips/blob/refs%2Fpr%2F1/README.md?x=1": "refs/pr/1",
    }.items():
        assert repository_of(text) == Repository("me/clips", revision)
    assert Repository("me/clips", commit).is_fixed and not Repository("me/clips", "main").is_fixed
    assert (
        repository_of("runs/me") is repository_of("https://example.org/me/clips") is repository_of("s3://a/b") is None
    )
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example.org")
    assert repository_of("https://mirror.example.org/me/clips") == Repository("me/clips")
    for text in ("hf://clips", "hf://me/clips@", "hf://me/clips/config.yaml", "https://huggingface.co/datasets/me"):
        with pytest.raises(InputError, match="expected hf://owner/name or"):
            repository_of(text)


def test_a_run_on_the_hub_is_copied_once_and_named_by_its_commit(hub, published, capsys):
    commit = hub.upload(NAME, published)
    run = Run.open(f"hf://{NAME}")
    assert named_place(run.path) == f"hf://{NAME}@{commit}"
    assert capsys.readouterr().err.splitlines() == [f"hf://{NAME} is now hf://{NAME}@{commit}"]
    for file in (file for file in published.rglob("*") if file.is_file() and file.name != "README.md"):
        copy = run.path / file.relative_to(published)
        assert copy.read_bytes() == file.read_bytes() and not copy.is_symlink()
    asked = len(hub.asked)
    (run.path / "metrics.json").write_text('{"test": {"examples": 1, "floors": {}}}')
    again = Run.open(f"hf://{NAME}@{commit}")
    assert again.metrics and len(hub.asked) == asked  # a commit that is there needs no network
    assert found(f"{hub.url}/{NAME}/tree/main") == run.path
    changed = hub.commit(NAME, {**hub.files[commit], "README.md": b"better"})
    assert named_place(found(f"hf://{NAME}")) == f"hf://{NAME}@{changed}"
    started = Run.create(published.parent / "next", run.config, run.spec, "drawn", run.path)
    assert started.environment["init"] == f"hf://{NAME}@{commit}"
    shutil.rmtree(started.path)


def test_fetch_fills_the_cache_for_days_without_a_network(hub, published, monkeypatch):
    from huggingface_hub import constants

    commit = hub.upload(NAME, published)
    told = lstmzoo("fetch", f"hf://{NAME}@main").stdout.splitlines()
    assert told[0] == f"run: hf://{NAME}@{commit}" and told[-1] == f"next: lstmzoo eval --run hf://{NAME}@{commit}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked = len(hub.asked)
    assert named_place(found(f"hf://{NAME}@main")) == f"hf://{NAME}@{commit}" and len(hub.asked) == asked
    line = line_of("hf://me/others", HubError)
    assert "HF_HUB_OFFLINE is set, and it is not in the cache; unset it, then: lstmzoo fetch hf://me/others" in line
    with pytest.raises(HubError, match=r"hf://me/others cannot be written: HF_HUB_OFFLINE is set; unset it$"):
        upload(Repository("me/others"), published, MANIFEST, message="-")


def test_what_the_hub_does_not_have_is_told_in_one_line(hub, published):
    commit = hub.upload(NAME, published)
    assert line_of("hf://me/other").startswith("hf://me/other: there is no such repository, or it is private: log in")
    assert line_of(f"hf://{NAME}@v9").startswith(f"hf://{NAME} has no revision 'v9'; name a branch, a tag or a commit")
    hub.commit("me/empty", {"README.md": b""})
    assert (
        line_of("hf://me/empty") == "hf://me/empty holds no run: it has no MANIFEST.json, which lstmzoo publish writes"
    )
    files = hub.files[commit]
    flipped = bytes([files["spec.json"][0] ^ 1]) + files["spec.json"][1:]
    hub.commit("me/flipped", {**files, "spec.json": flipped})
    assert "/spec.json is damaged: its SHA-256 is " in line_of("hf://me/flipped")
    hub.commit("me/half", {name: one for name, one in files.items() if name != "spec.json"})
    assert "has no spec.json, which its MANIFEST.json lists; fetch it again" in line_of("hf://me/half")
    newer = files["MANIFEST.json"].replace(b'"manifest": 1', b'"manifest": 2')
    hub.commit("me/newer", {**files, "MANIFEST.json": newer})
    assert "was published by a newer lstm_zoo than this" in line_of("hf://me/newer")
    hub.server.shutdown()
    hub.server.server_close()
    assert line_of("hf://me/other", HubError).startswith("hf://me/other cannot be read (ConnectError: ")


def test_a_recipe_of_a_newer_version_is_told_as_such(published, tmp_path):
    copy = shutil.copytree(published, tmp_path / "copy")
    (copy / "MANIFEST.json").unlink()
    environment = json.loads((copy / "environment.json").read_text())
    (copy / "environment.json").write_text(json.dumps({**environment, "versions": {"lstm-zoo": "9.1.0"}}))
    assert Run.open(copy).config.model.kind == "flatten_lstm"
    (copy / "config.yaml").write_text((copy / "config.yaml").read_text().replace("task:", "task:\n  news: 1"))
    assert "was made with lstm_zoo 9.1.0, which " in (line := line_of(copy)) and line.count(str(copy)) == 1
    assert not is_newer("0.0.9") and not is_newer("None") and is_newer("99")


def test_damage_in_the_caches_of_this_machine_is_mended_or_told(hub, published, tmp_path):
    commit = hub.upload(NAME, published)
    run = Run.open(f"hf://{NAME}")
    content = (run.path / "spec.json").read_bytes()
    (run.path / "spec.json").write_bytes(content.replace(b"u", b"w"))
    assert f"; remove {run.path}, and it is fetched again" in line_of(f"hf://{NAME}@{commit}")
    shutil.rmtree(run.path)
    (cached,) = tmp_path.glob("home/hub/*/snapshots/*/spec.json")
    cached.write_bytes(content.replace(b"u", b"w"))
    assert (Run.open(f"hf://{NAME}").path / "spec.json").read_bytes() == content


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub.errors", None)
    assert line_of("hf://a/b") == "hf://a/b needs the package huggingface_hub: pip install 'lstm-zoo[hub]'"


@pytest.fixture
def site(hub, tmp_path, published):
    """A web site that has the run as archives, one of them with a folder in it."""
    with tarfile.open(tmp_path / "run.tar.gz", "w:gz") as archive:
        archive.add(published, "my_run")
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        for file in (file for file in published.rglob("*") if file.is_file()):
            archive.write(file, file.relative_to(published).as_posix())
    return lambda name, content: hub.pages.update({f"/{name}": content}) or f"{hub.url}/{name}"


@pytest.mark.parametrize("name", ["run.tar.gz", "run.zip"])
def test_an_archive_on_the_web_is_named_by_its_hash(name, site, hub, tmp_path, published):
    url = site(f"a/{name}", (tmp_path / name).read_bytes())
    run = Run.open(f"{url}?token=secret")
    fixed = f"{url}#sha256={hash_of(tmp_path / name)}"
    assert named_place(run.path) == fixed and "secret" not in str(run.path)
    assert (run.path / "figures" / "val" / "a [1].png").is_file()
    asked = len(hub.asked)
    assert found(fixed) == run.path and len(hub.asked) == asked
    assert "is another file: its SHA-256 is" in line_of(f"{url}#sha256={'0' * 64}")


def test_archives_that_hold_no_run_or_lead_elsewhere_are_told(site, tmp_path, published):
    def packed(name, **members):
        with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
            for inside, link in members.items():
                one = tarfile.TarInfo(inside.replace("_", "/"))
                one.type, one.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
                archive.addfile(one)
        return site(name, (tmp_path / "bad.tar.gz").read_bytes())

    assert "'../x' in it is a link or a device, or leads elsewhere" in line_of(packed("1.tgz", **{".._x": ""}))
    assert "'/etc/x' in it is a link" in line_of(packed("2.tgz", _etc_x=""))
    assert "'config.yaml' in it is a link" in line_of(packed("3.tgz", **{"config.yaml": "/etc/passwd"}))
    assert "holds no runs (config.yaml); expected one" in line_of(packed("4.tgz", a=""))
    whole = (tmp_path / "run.tar.gz").read_bytes()
    assert "is damaged (" in line_of(site("5.tgz", whole[: len(whole) // 2]))
    assert "is damaged (" in line_of(site("6.zip", b"PK"))
    assert not list((tmp_path / "home").rglob("x"))


def test_addresses_that_lead_nowhere(site, hub):
    assert "is not there, or not for everybody (HTTP Error 404" in line_of(f"{hub.url}/a/no.zip")
    assert "anybody could change it on the way; take https" in line_of("http://example.org/run.zip")
    assert "expected a page of the hub, or an archive (.tar.gz, .tgz, .zip)" in line_of("https://example.org/run")
    assert "expected an address without . and .." in line_of("https://example.org/../run.zip")
    assert "expected an address such as s3://bucket/folder" in line_of("s3://")
    hub.server.shutdown()
    hub.server.server_close()
    assert "cannot be fetched (<urlopen error" in line_of(f"{hub.url}/a/run.zip", ArchiveError)
