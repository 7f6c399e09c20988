"""The commands as a user types them, in this process; exit status and output are the contract."""

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from dataclasses import replace
from unittest.mock import Mock

import pytest
from conftest import running_eagerly, write_video
from lstmzoo import lstmzoo as call

import lstm_zoo
from lstm_zoo.bench import recurrent
from lstm_zoo.bench.measuring import figures
from lstm_zoo.cli import main
from lstm_zoo.cli.evaluate import name_of
from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.console import signals
from lstm_zoo.console.signals import Stopped
from lstm_zoo.training.divergence import DivergedError


def trained(kind, root, data_dir, folder):
    """Train by the command line, in a folder."""
    settings = ["--set", f"data.root={root}", "--set", f"data.data_dir={data_dir}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        output = call("train", "--config", f"smoke/{kind}.yaml", *settings).output
    assert "report.html" in output and "floor" in output
    return folder


@pytest.fixture(scope="module")
def ucf_folder(ucf_root, data_dir, tmp_path_factory):
    """A folder with a run on UCF101."""
    return trained("ucf101", ucf_root, data_dir, tmp_path_factory.mktemp("ucf_run"))


@pytest.mark.parametrize("kind", ["ucf101", "video_folder"])
@pytest.mark.xdist_group("ucf_folder")
def test_the_whole_job_on_video_files(kind, ucf_root, video_root, data_dir, tmp_path, monkeypatch, request):
    if kind == "ucf101":
        root, folder = ucf_root, request.getfixturevalue("ucf_folder")
    else:
        with running_eagerly():
            root, folder = video_root, trained(kind, video_root, data_dir, tmp_path)
    monkeypatch.chdir(folder)
    scores = json.loads(call("eval", "--json").stdout)  # the newest run below runs/
    assert scores["split"] == "test" and scores["examples"] >= 2 and "top1" in scores["floors"]["majority"]
    again = json.loads(call("eval", "--json", "--set", f"data.root={root}").stdout)
    assert again["top1"] == scores["top1"]

    clip = next(root.rglob("*.avi"))
    (prediction,) = json.loads(call("predict", clip, "--json", "--save-to", tmp_path / "out").stdout)["predictions"]
    assert sum(row["probability"] for row in prediction["classes"]) == pytest.approx(1, abs=1e-5)
    assert json.loads(next((tmp_path / "out").iterdir()).read_text()) == prediction
    assert prediction["classes"][0]["name"] in call("predict", clip).output
    clips = sorted(clip.parent.iterdir())
    lines = [json.loads(line) for line in call("predict", *clips, "--jsonl").stdout.splitlines()]
    assert [one["file"] for one in lines] == [str(path) for path in clips] and len(clips) > 1
    assert lines[clips.index(clip)]["classes"] == prediction["classes"]
    assert "name one of them" in call("predict", clip, "--json", "--jsonl", status=2).output


@pytest.mark.xdist_group("ucf_folder")
def test_an_exported_file_takes_the_place_of_its_run(ucf_folder, ucf_root, monkeypatch):
    monkeypatch.chdir(ucf_folder)
    assert "largest difference" in call("export", "--format", "onnx").output
    file = json.loads(call("export", "--format", "onnx", "--json").stdout)["path"]
    scores, of_run = (json.loads(call("eval", "--json", *words).stdout) for words in (["--exported", file], []))
    assert scores.pop("run") == file and scores.items() <= of_run.items()
    assert "top1" in call("eval", "--exported", file).output
    clip = next(ucf_root.rglob("*.avi"))
    (told,), (expected,) = (
        json.loads(call("predict", clip, "--json", *words).stdout)["predictions"]
        for words in (["--exported", file], [])
    )
    assert [one["name"] for one in told["classes"]] == [one["name"] for one in expected["classes"]]
    text = call("predict", clip, "--exported", file, "--run", ucf_folder, status=2).output
    assert "--run and --exported: name one of them" in text
    assert "is bidirectional. It reads a clip from the last frame" in call("predict", "--stream", clip, status=2).output
    assert "is bidirectional" in call("export", "--streaming", "--format", "onnx", status=2).output


def test_a_live_video_is_watched(smoke_run, tmp_path):
    write_video(tmp_path / "a.mp4", 8)
    output = call("predict", "--run", smoke_run.path, "--stream", tmp_path / "a.mp4").output.splitlines()
    assert output[0].startswith("0.00 s: ") and "frames/s" in output[-1]
    words = ["predict", "--run", smoke_run.path, "--fps", "4", "--restart", "0.5", "--json", "--stream"]
    *changes, last = map(json.loads, call(*words, tmp_path / "a.mp4").stdout.splitlines())
    assert changes[0]["classes"][0]["name"] in smoke_run.spec.class_names and last["frames"] < 8
    for words, text in (
        (["--stream", tmp_path / "a.mp4", tmp_path / "a.mp4"], "--stream takes one video"),
        (["--fps", "4", tmp_path / "a.mp4"], "--fps and --restart go with --stream"),
        ([], "name the files to predict"),
        (["--stream", tmp_path / "b.mp4"], "no such file"),
    ):
        assert text in call("predict", "--run", smoke_run.path, *words, status=2).output


@pytest.mark.xdist_group("ucf_folder")
def test_other_clips_with_the_same_classes(ucf_folder, tmp_path, monkeypatch):
    """A folder that has a test list alone, its classes in another order, is evaluated with the run's labels."""
    monkeypatch.chdir(ucf_folder)
    other = tmp_path / "other"
    lists = other / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    (lists / "classInd.txt").write_text("1 Jump\n2 Run\n")
    (lists / "testlist01.txt").write_text("Jump/v_Jump_g09_c01.avi\nRun/v_Run_g09_c01.avi\n")
    for name in ("Jump", "Run"):
        write_video(other / "UCF-101" / name / f"v_{name}_g09_c01.avi", 6)
    scores = json.loads(call("eval", "--json", "--set", f"data.root={other}").stdout)
    assert scores["examples"] == 2 and list(scores["per_class"]) == ["Run", "Jump"]
    text = call("eval", "--set", f"data.root={other}", "--split", "train", status=2).output
    assert "the split 'train' has no examples" in text
    (lists / "classInd.txt").write_text("1 Jump\n2 Walk\n")
    (lists / "testlist01.txt").write_text("Jump/v_Jump_g09_c01.avi\n")
    text = call("eval", "--set", f"data.root={other}", status=2).output
    assert "the run does not know the class Walk; it was trained on Run, Jump" in text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["train", "--config", "moving_shapes_cnn_lstm.yaml", "--set", "train.epoch=3"], "did you mean 'epochs'?"),
        (
            ["check", "--config", "ucf101_cnn_lstm.yaml", "--set", "data.root=/nowhere"],
            "--set data.root: data.root: no folder",
        ),
        (["check", "--config", "nothing.yaml"], "no such file, and no shipped recipe"),
        (["eval"], "no run below"),
        (["train", "--config", "smoke/cnn_lstm.yaml", "--workers", "3"], "is 8, which 3 workers cannot share evenly"),
        (["predict", "x.mp4", "--run", "."], "is no run directory"),
        (["data", "info", "--config", "smoke/video_folder.yaml"], "data.root: no folder"),
        (["export", "--format", "h5"], "Invalid value for '--format'"),
    ],
)
def test_a_user_s_mistake_is_told_in_a_line_or_two(words, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in {"COORDINATOR_ADDRESS": "a:1", "NUM_PROCESSES": "2", "PROCESS_ID": "1"}.items():
        if "--workers" in words:  # on a node of Slurm or Kubeflow, whose groups are for those that start without Ray
            monkeypatch.setenv(f"JAX_{name}", value)
    output = call(*words, status=2).output
    assert text in output and "Traceback" not in output
    assert not any(tmp_path.glob("runs/*"))


def test_one_class_only(tmp_path):
    write_video(tmp_path / "only" / "a.mp4")
    output = call("check", "--config", "smoke/video_folder.yaml", "--set", f"data.root={tmp_path}", status=2).output
    assert "one class only (only)" in output


def test_weights_of_another_network_name_their_line(tmp_path):
    (tmp_path / "x.weights.h5").write_bytes(b"text")
    recipe = tmp_path / "recipe.yaml"
    text = shipped_configs()["smoke/cnn_lstm.yaml"].read_text()
    line = f"  backbone: {{ name: MobileNetV2, weights: {tmp_path / 'x.weights.h5'} }}"
    recipe.write_text(
        re.sub(r"  backbone: .*", line, text).replace("size: 16", "size: 32").replace("side: 16", "side: 32")
    )
    output = call("train", "--config", recipe, "--run-dir", tmp_path / "run", status=2).output
    number = recipe.read_text().splitlines().index(line) + 1
    assert f"{recipe}:{number}: model.backbone.weights: " in output and "does not fit MobileNetV2" in output


def test_a_failure_is_one_line_and_status_one(monkeypatch):
    monkeypatch.setattr("lstm_zoo.reporting.tables.dry_build_table", lambda facts: 1 / 0)
    output = call("check", "--config", "smoke/cnn_lstm.yaml", status=1).output
    assert "failed: ZeroDivisionError" in output and "--debug" in output and "Traceback" not in output


@pytest.mark.parametrize("caught", [False, True])
def test_a_stop_before_a_command_has_begun_is_told(caught, monkeypatch, capsys):
    monkeypatch.setattr("lstm_zoo.cli.app", Mock(return_value=130) if caught else Mock(side_effect=Stopped(15)))
    monkeypatch.setattr("lstm_zoo.console.signals._unanswered", [15])
    monkeypatch.setattr("lstm_zoo.cli.raise_when_asked", Mock())
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 143
    assert capsys.readouterr().err == "stopped before it began; the same command starts it\n"


@pytest.mark.parametrize(("signal", "status"), [(KeyboardInterrupt(), 130), (Stopped(15), 143)])
def test_a_stop_before_there_is_a_run_says_that_nothing_is_kept(signal, status, monkeypatch, tmp_path):
    monkeypatch.setattr("lstm_zoo.training.fit.train", Mock(side_effect=signal))
    output = call("train", "--config", "smoke/cnn_lstm.yaml", "--run-dir", tmp_path / "run", status=status).output
    assert "before there was a run" in output and "Traceback" not in output


@pytest.mark.parametrize("error", [SystemError("returned a result with an exception set"), KeyboardInterrupt()])
def test_a_stop_that_has_become_another_error_is_a_stop(error, monkeypatch):
    def stopped(*_):
        signals._unanswered.append(15)
        raise error

    monkeypatch.setattr("lstm_zoo.cli.evaluate.open_network", stopped)
    assert call("eval", status=143).output.strip() == "stopped"


@pytest.mark.parametrize("again", [[], ["--resume"], ["--resume-anyway"]])
def test_a_stopped_training_tells_the_command_that_goes_on(again, monkeypatch, tmp_path):
    def stopped(config, path, **_):
        path.mkdir(exist_ok=True)
        (path / "config.yaml").touch()
        raise Stopped(15)

    monkeypatch.setattr("lstm_zoo.training.fit.train", stopped)
    run = tmp_path / "my run"
    told = call(
        "train", "--config", "smoke/cnn_lstm.yaml", "--set", "train.epochs=9", "--run-dir", run, *again, status=143
    )
    command = told.output.strip().splitlines()[-1].removeprefix("stopped; to go on: ")
    expected = ["train", "--config", "smoke/cnn_lstm.yaml", "--set", "train.epochs=9", "--run-dir", str(run)]
    assert shlex.split(command) == ["lstmzoo", *expected, again[0] if again else "--resume"]


def test_other_commands_only_say_that_they_stopped(smoke_run, monkeypatch):
    monkeypatch.setattr("lstm_zoo.runs.evaluation.evaluate", Mock(side_effect=Stopped(2)))
    assert call("eval", "--run", smoke_run.path, status=130).output.strip().endswith("stopped")


def test_each_evaluation_has_a_file_s_name_of_its_own():
    assert name_of("test", ()) == "test"
    assert name_of("val", ["data.root=videos"]) == "val_data.root=videos"
    others = [["data.root=a/b"], ["data.root=a_b"], ["data.root=" + "a" * 300], ["x" * 300]]
    others += [["data.root=" + "\U0002070e" * 300]]
    names = [name_of("test", other) for other in others]
    assert len(set(names)) == len(names)
    assert all("/" not in name and len(f"predictions-{name}.csv".encode()) < 255 for name in names)
    assert names[0].startswith("test_data.root=a_b-")


def test_plugins_are_given_before_the_command(tmp_path):
    (tmp_path / "broken.py").write_text("x = 1\n1 / 0\n")
    said = call("--plugin", tmp_path / "broken.py", "list", status=2).stderr
    assert said == f"{tmp_path / 'broken.py'}:2: ZeroDivisionError: division by zero\n"
    for command in ("list", "eval", "check"):
        assert "no such file; expected a Python file" in call("--plugin", "nothing.py", command, status=2).stderr


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["predict", "--help"], ["data", "info", "--help"]])
def test_help_imports_nothing_that_takes_time(words):
    slow = {"numpy", "yaml", "tensorflow", "keras", "matplotlib", "lstm_zoo.contracts"}
    code = (
        "import sys; from lstm_zoo import cli\n"
        f"try: cli.app({words})\n"
        f"finally: print(*({slow} & {{*sys.modules}}), '.')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout and done.stdout.splitlines()[-1].strip() == ".", done.stdout


def test_check_shows_shapes_parameters_and_how_recurrent_layers_run():
    facts = json.loads(call("check", "--config", "smoke/cnn_lstm.yaml", "--json").stdout)
    assert facts["inputs"] == {"clip": [4, 16, 16, 3]} and facts["answers"] == "8 classes"
    assert facts["parameters"] == sum(layer["parameters"] for layer in facts["layers"])
    assert facts["trainable"] < facts["parameters"]  # batch statistics
    assert set(facts["recurrent"]) == {"lstm_1"} and facts["recurrent"]["lstm_1"]["kind"] in ("cuDNN", "unrolled")
    assert "lstm_1" in call("check", "--config", "smoke/cnn_lstm.yaml").output
    facts = json.loads(call("check", "--config", "smoke/conv_lstm_forecaster.yaml", "--json").stdout)
    shapes = {layer["name"]: layer["output"] for layer in facts["layers"]}
    assert facts["answers"] == "the next 3 frames" and shapes["encoder_1"] == [None, 4, 7, 7, 4]  # and its states


def test_check_warns_of_what_will_be_slow(mobilenet_file):
    def slow(*settings):
        options = [word for setting in settings for word in ("--set", setting)]
        return json.loads(call("check", "--config", "smoke/cnn_lstm.yaml", *options, "--json").stdout)["slow"]

    frozen = (
        "data.side=32",
        "data.short_side=32",
        "data.clip.size=32",
        f"model.backbone={{name: MobileNetV2, options: {{alpha: 0.35}}, weights: {mobilenet_file}}}",
    )
    assert any("cached_views=8" in text for text in slow(*frozen))
    assert slow(*frozen, "train.cached_views=2") == []
    assert any("in every epoch; train.cached_views=null" in text for text in slow(*frozen, "train.cached_views=0"))
    trained = slow("model.cell=textbook_lstm", "train.jit_compile=true", "train.precision=mixed_bfloat16")
    for part in ("Keras' own loop (step by step over TextbookLSTMCell)", "is trained", "XLA's", "mixed_bfloat16 is"):
        assert any(part in text for text in trained), part
    assert "slow: " in call("check", "--config", "smoke/cnn_lstm.yaml").output


def test_the_version_is_told_and_python_m_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr("lstm_zoo.cli.raise_when_asked", Mock())
    monkeypatch.setattr("sys.argv", ["lstmzoo", "--version"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module("lstm_zoo", run_name="__main__")
    assert not end.value.code and capsys.readouterr().out == f"lstm_zoo {lstm_zoo.__version__}\n"


def test_keys_of_one_kind_are_listed():
    rows = json.loads(call("list", "keys", "cnn_lstm", "--json").stdout)["keys"]
    assert {row["kind"] for row in rows} == {"cnn_lstm"} and "backbone.name" in [row["name"] for row in rows]
    assert "epochs" in call("list", "keys", "train").output
    assert "did you mean 'cnn_lstm'" in call("list", "keys", "cnn_lst", status=2).output
    assert "takes no name" in call("list", "models", "cnn_lstm", status=2).output


@pytest.mark.parametrize("what", ["models", "data", "tasks", "configs"])
def test_lists_name_everything_with_a_line(what):
    rows = json.loads(call("list", what, "--json").stdout)[what]
    assert rows and all(row["name"] and row["about"] and row["from"] == "lstm_zoo" for row in rows)
    assert rows[0]["name"] in call("list", what).output


@pytest.mark.usefixtures("warm")
def test_bench_writes_ratios_row_by_row(tmp_path, monkeypatch):
    def lstm_gradients(context):  # each contender has a process of its own, which takes seconds
        names = ("ours", "keras")
        for row in recurrent.lstm_gradients(context):
            yield replace(row, contenders={name: row.contenders[name] for name in names})

    monkeypatch.setattr("lstm_zoo.bench.measuring.ROWS", [lstm_gradients, recurrent.lstm_training])
    file = tmp_path / "bench.json"
    output = call("bench", "--quick", "--only", "lstm_gradients", "--to", str(file)).output
    measured = json.loads(file.read_text())
    assert measured["machine"]["cores"] and measured["backend"] == "tensorflow"
    (row,) = measured["rows"]
    contenders = row["contenders"]
    assert next(iter(contenders)) == "ours" and contenders["ours"]["ratio"] == 1
    assert contenders["keras"]["seconds"] > 0 and contenders["keras"]["peak_mib"] > 50
    assert contenders["keras"]["ratio"] == contenders["keras"]["seconds"] / contenders["ours"]["seconds"]
    assert row["name"] in output
    assert "did you mean 'lstm_training'" in call("bench", "--only", "lstm_trainig", status=2).output


def test_bench_beside_a_baseline_ends_with_1_where_something_is_slower(tmp_path, monkeypatch):
    speed = {"ours": 1.0}

    def rows(*_, **__):
        rounds = [speed["ours"] * (1 + 0.01 * number) for number in range(7)]
        contenders = {"ours": {**figures(rounds, rounds), "first_seconds": 1.0, "peak_mib": None}}
        yield {"subject": "a_row", "about": "Made up.", "name": "a row", "unit": "step", "contenders": contenders}

    monkeypatch.setattr("lstm_zoo.bench.measuring.bench", rows)
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    lines = call("bench", "--to", before, "--markdown").stdout.splitlines()
    assert "cores; " in lines[0] and "| a row, per step | 1,030 (1,015-1,045) |" in lines
    beside = ("bench", "--baseline", before)
    assert "no change beyond noise" in call(*beside).stdout
    speed["ours"] = 1.5
    assert "slower than in" in call(*beside, "--to", after, status=1).stdout
    assert json.loads(after.read_text())["baseline"]["changes"][0]["verdict"] == "slower"
    assert json.loads(call(*beside, "--json", status=1).stdout)["baseline"]["changes"][0]["row"] == "a row"
    speed["ours"] = 1.0
    assert "faster than in" in call("bench", "--baseline", after, "--markdown").stdout
    assert "1 rounds tell nothing" in call(*beside, "--rounds", "1", status=2).output
    assert "tiny here" in call(*beside, "--quick", status=2).output
    assert "name one of them" in call("bench", "--markdown", "--json", status=2).output


def test_bench_tells_why_a_contender_failed(tmp_path):
    (tmp_path / "empty").mkdir()
    options = ["--quick", "--only", "clip_reading", "--videos", str(tmp_path / "empty")]
    output = call("bench", *options, status=1).output
    assert "bench: reading clips, kept decoded, setup failed:" in output and "Traceback" not in output


def test_data_commands(video_root, data_dir, tmp_path):
    settings = [
        "--config",
        "smoke/video_folder.yaml",
        "--set",
        f"data.root={video_root}",
        "--set",
        f"data.data_dir={data_dir}",
    ]
    assert "bright" in call("data", "prepare", *settings).output
    facts = json.loads(call("data", "info", *settings, "--json").stdout)
    assert facts["splits"]["train"]["examples"] == 6 and facts["bad_files"] == []
    assert "all files can be read" in call("data", "check", *settings).output
    output = call("data", "check", "--config", "smoke/cnn_lstm.yaml", status=2).output
    assert "'moving_shapes' is not made of files of yours" in output
    for label in ("a", "b"):
        write_video(tmp_path / label / "0.mp4")
    (tmp_path / "a" / "bad.mp4").write_bytes(b"?")
    output = call(
        "data", "check", "--config", "smoke/video_folder.yaml", "--set", f"data.root={tmp_path}", status=2
    ).output
    assert "a/bad.mp4: " in output and "1 of the files cannot be used" in output


def test_examples_are_written_as_files_to_predict(smoke_run, tmp_path):
    words = ["data", "sample", "--config", "smoke/cnn_lstm.yaml", "--num", "2", "--to"]
    told = json.loads(call(*words, tmp_path / "try", "--split", "val", "--json").stdout)
    assert told["files"] == [str(tmp_path / "try" / f"val-0000{number}.mp4") for number in (0, 1)]
    assert (told["table"], told["labels"]) == (str(tmp_path / "try.csv"), None)
    predictions = json.loads(call("predict", "--run", smoke_run.path, *told["files"], "--json").stdout)["predictions"]
    assert [one["file"] for one in predictions] == told["files"] and "classes" in predictions[0]
    assert "is there already" in call(*words, tmp_path / "try", status=2).output
    output = call(*words, tmp_path / "films").output
    assert "2 files" in output and "films.csv" in output


def test_kept_features_are_counted_and_removed(tmp_path):
    recipe = ["--config", "smoke/cnn_lstm.yaml", "--set", f"data.data_dir={tmp_path}"]
    assert json.loads(call("data", "info", *recipe, "--json").stdout)["features_bytes"] == 0
    (info,) = tmp_path.rglob("dataset_info.json")
    kept = info.parent / "features" / "0" / "val.npy"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(3 * 2**20))
    assert json.loads(call("data", "info", *recipe, "--json").stdout)["features_bytes"] == 3 * 2**20
    assert "features kept: 3.0 MiB" in call("data", "info", *recipe).output
    assert "removed 3.0 MiB of features" in call("data", "info", *recipe, "--remove-features").output
    assert not kept.exists() and info.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("check --config smoke/cnn_lstm.yaml", {"config": "cnn_lstm"}),
        ("publish moving_shapes_cnn_lstm --to nowhere --dry-run", {"published": None}),
    ],
)
def test_the_installed_command_is_quiet_and_prints_one_json_object(words, told):
    script = os.path.join(os.path.dirname(sys.executable), "lstmzoo")
    done = subprocess.run([script, *words.split(), "--json"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert told.items() <= json.loads(done.stdout).items()


def test_everything_is_one_call_from_python(smoke_run, request):
    recipe = "import lstm_zoo; config = lstm_zoo.load_config('moving_shapes_cnn_lstm.yaml')"
    code = f"{recipe}\nimport sys; assert not {{'keras', 'tensorflow'}} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", code], check=True)
    request.getfixturevalue("warm")
    code = f"{recipe}; print(lstm_zoo.load({str(smoke_run.path)!r}).model.name, lstm_zoo.train.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["cnn_lstm", "train"], done.stderr


def test_a_training_that_diverged_is_told_to_the_last_word(monkeypatch, tmp_path):
    told = f"the loss is nan (examples: {', '.join(['name' * 20] * 16)}); the last good checkpoint is that of epoch 3"
    monkeypatch.setattr("lstm_zoo.training.fit.train", Mock(side_effect=DivergedError(told)))
    output = call("train", "--config", "smoke/cnn_lstm.yaml", "--run-dir", tmp_path / "run", status=1).output
    assert output.strip() == told
