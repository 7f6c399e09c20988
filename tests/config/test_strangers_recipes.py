"""Recipes of strangers: each ends in a plan, or in lines that say file, line, key and what to mend."""

import runpy
import time
from pathlib import Path

import pytest
from by_chance import few, lines_of, words
from hypothesis import given
from hypothesis import strategies as some
from typer.testing import CliRunner

from lstm_zoo.cli import app
from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.config.yaml_lines import MOST_BYTES, YamlError, read, read_value, write

FUZZER = Path(__file__).parents[2] / "scripts" / "fuzz_configs"
HANG = 60  # seconds of CPU, of which what does not hang takes less than one
SMOKE = shipped_configs()["smoke/cnn_lstm.yaml"].read_text()


def told(tmp_path, text):
    """Return what is wrong with a file, without its name."""
    file = tmp_path / "recipe.yaml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(YamlError) as caught:
        read(file)
    assert all(message.startswith(f"{file}:") for message in caught.value.messages)
    return caught.value.messages[0].removeprefix(f"{file}:")


def bomb(behind):
    lists = ["a0: &a0 " + ("{x: 1}" if behind else "[x]")]
    for number in range(1, 10):
        nine = f"[{', '.join([f'*a{number - 1}'] * 9)}]"
        lists.append(f"a{number}: &a{number} {behind}{nine}{'}' * bool(behind)}")
    return "\n".join(lists)


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        (bomb(""), 5, ["a4.", "at most 10,000 values", "alias"]),
        (bomb("{<<: "), 5, ["a4: ", "at most 10,000 values"]),
        ("\na:\n  b: &x [*x]", 2, ["a.b.0", "20 levels", "contain itself"]),
        ("a: &x\n  <<: *x", 1, ["a: ", "20 levels"]),
        ("a: " + "[" * 1000, 1, ["a.0", "20 levels"]),
        ("- " * 1000, 1, ["20 levels"]),
        ("k: 1\n" * 5, 2, ["key 'k' stands twice"]),
        ("a:\n  b: !!int abc", 2, ["a.b: 'abc' is no !!int"]),
        ("a: !!bool 3", 1, ["a: '3' is no !!bool"]),
        ("a: {b: !!set {x}}", 1, ["a.b: the tag '!!set' is not allowed"]),
        ("a: !!python/object/apply:os.system [ls]", 1, ["python/object/apply:os.system", "not allowed"]),
        ("a:\n- " + "9" * 5000, 2, ["a.0: a whole number of 5,000 digits"]),
        ("a: 0x" + "f" * 5000, 1, ["a: a whole number of 5,002 digits"]),
        ('\na: "\\UFFFFFFFF"', 1, ["not valid YAML"]),
        ("%YAML 1." + "9" * 5000 + "\n---\na: 1", 1, ["not valid YAML"]),
        ("\na: \x1b[2J", 2, ["U+001B is not allowed"]),
        ("\na: \udcff", 2, ["is not UTF-8"]),
        ("a: 0777", 1, ["a: '0777' is 511", "octal", "write '777'"]),
        ("a: [1:30]", 1, ["a.0: '1:30'", "base 60"]),
        ("? [a]\n: 1", 1, ["a key that is no word"]),
        ("a: 1\nb: {<<: 3}", 2, ["<< takes mappings"]),
        ("#" * MOST_BYTES + "\na: 1", 1, ["larger than 256 KiB"]),
        ('"\\e[2J\\n": 1\n"\\e[2J\\n": 1', 2, ["key '\\u001b[2J\\n' stands twice"]),
    ],
)
def test_what_no_recipe_holds_is_told_with_its_line(tmp_path, text, line, parts):
    begun = time.process_time()
    message = told(tmp_path, text)
    assert message.startswith(f"{line}: ") and len(message) < 300 and message.isprintable()
    for part in parts:
        assert part in message
    assert time.process_time() - begun < HANG


def test_words_mean_what_people_expect(tmp_path):
    given = "[1e-3, 1.5e3, -5, 0x1F, 1_000, .5, yes, off, ~, '5', 2001-13-45, 2001-12-14, abc, -.inf, 0, 0.5, !!str 7]"
    assert read_value(given) == [
        *(0.001, 1500.0, -5, 31, 1000, 0.5, True, False, None, "5", "2001-13-45", "2001-12-14", "abc"),
        *(float("-inf"), 0, 0.5, "7"),
    ]
    assert read_value(
        write(["1e3", "0777", "1:30", "yes", "~", "08", "\udcff\x1b", 1e-5, 1e300, "2001-13-45", "=", "<<"])
    ) == [*("1e3", "0777", "1:30", "yes", "~", "08", "\udcff\x1b", 1e-5, 1e300, "2001-13-45", "=", "<<")]
    assert read_value("|") == "|" and read_value("") is None
    file = tmp_path / "merged.yaml"
    file.write_text("x: &x {a: 1, b: 2}\ny:\n  <<: [*x, {c: 4, a: 9}]\n  b: 3\n")
    values, lines = read(file)
    assert values["y"] == {"a": 1, "b": 3, "c": 4} and lines["y", "b"] == 4


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("train.epochs=yes", ["train.epochs: got True; expected a number"]),
        ("train.epochs='3'", ["got '3', which is text", "without quotes"]),
        ("train.epochs=08", ["without zeros in front"]),
        ("train.epochs=0777", ["'0777' is 511"]),
        ("model.units=[off, 3]", ["model.units: got False"]),
        ("model.forget_bias=on", ["model.forget_bias: got True"]),
        ("data.clip.augment.crop_scale=[yes, 1]", ["crop_scale: got True"]),
        ("data.clip.size=1000000000000", ["got 1,000,000,000,000", "3.638 TiB of memory"]),
        ("data.num_train=20000000", ["less than or equal to 10000000"]),
        ("train.optimizer.learning_rate=1e6", ["less than or equal to 1000"]),
        ("train.optimizer.weight_decay=1e300", ["float32"]),
        ("data.data_dir=~no_such_user/x", ["data.data_dir", "no user ~no_such_user"]),
        (f"data.data_dir={'x' * 256}", ["at most 255 bytes"]),
        ('data.data_dir="a\\nb"', ["no control character"]),
        ('data.data_dir="\\ud800"', ["no halves of characters"]),
        (f"model.kind={'x' * 100_000}", ["valid kinds"]),
        ('model."\\e[2J"=1', ["unknown key"]),
    ],
)
def test_a_setting_that_would_be_misread_is_told(setting, parts):
    with pytest.raises(ConfigError) as caught:
        load("smoke/cnn_lstm.yaml", [setting])
    assert caught.value.messages[0].startswith(f"--set {setting.partition('=')[0]}: ")
    for part in parts:
        assert part in caught.value.messages[0]
    assert len(caught.value.messages[0]) < 500


def test_true_is_a_boolean_and_text_stays_text():
    assert load("smoke/cnn_lstm.yaml", ["model.bidirectional=on"]).model.bidirectional is True
    assert str(load("smoke/cnn_lstm.yaml", ["data.data_dir='007'"]).data.data_dir).endswith("/007")


def test_very_many_mistakes_are_not_all_told(tmp_path):
    file = tmp_path / "recipe.yaml"
    file.write_text(SMOKE + "".join(f"\nepoch{number}: 1" for number in range(1000)))
    begun = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert time.process_time() - begun < HANG
    assert len(caught.value.messages) == 21 and caught.value.messages[-1] == "... and more"


def test_nothing_in_a_recipe_speaks_to_the_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_zoo.console.quiet.silence", lambda: None)
    file = tmp_path / "recipe.yaml"
    code = '"\\e[2J\\u202e\\a\\n"'
    file.write_text(f"{code}: {code}\ndata: {{kind: {code}}}\nmodel: {{kind: cnn_lstm, {code}: 1}}\ntask: {code}\n")
    result = CliRunner().invoke(app, ["check", "--config", str(file), "--set", "train.\x1b[2J=\x1b[2J"])
    assert result.exit_code == 2
    result = CliRunner().invoke(app, ["check", "--config", str(file), "--set", "train.\x1b[2J=1"])
    assert result.exit_code == 2 and all(line.isprintable() for line in result.output.splitlines())
    assert f"{file}:1: \\u001b[2J\\u202e\\u0007\\n: unknown key" in result.output


@pytest.mark.parametrize(
    ("error", "slow", "kind"),
    [
        (TypeError("unhashable"), HANG, "raised"),
        (ConfigError(["train.epochs: no place"]), HANG, "no line"),
        (None, HANG, "plan"),
        (None, 0, "slow"),
    ],
)
def test_the_fuzzer_sees_what_goes_wrong(tmp_path, monkeypatch, error, slow, kind):
    judge, one = (runpy.run_path(str(FUZZER))[name] for name in ("judge", "Try"))

    def checked(*_):
        if error:
            raise error
        return load("smoke/cnn_lstm.yaml")

    monkeypatch.setitem(judge.__globals__, "load", checked)
    assert judge(one(b""), tmp_path / "recipe.yaml", slow).kind == kind


def test_mutated_recipes_make_a_plan_or_are_told(capsys):
    """`scripts/fuzz_configs` tries thousands, and holds them to two seconds."""
    words = ["--tries", "60", "--seed", "3", "--slow", str(HANG)]
    assert runpy.run_path(str(FUZZER))["main"](words) == 0, capsys.readouterr().out
    assert "60 tried" in capsys.readouterr().out


SCALARS = some.one_of(some.none(), some.booleans(), some.integers(-(2**40), 2**40), some.floats(allow_nan=False), words)
PLAIN = some.recursive(
    SCALARS, lambda below: some.lists(below, max_size=3) | some.dictionaries(words, below, max_size=3), max_leaves=8
)


@few
@given(some.dictionaries(words, PLAIN, min_size=1, max_size=3))
def test_what_is_written_is_read_again(tmp_path, values):
    (tmp_path / "recipe.yaml").write_text(write(values), encoding="utf-8")
    assert read(tmp_path / "recipe.yaml")[0] == values


@few
@given(
    lines_of("data: {", "model:\n", "  units: [8]\n", "train: {epochs: ", "kind: cnn_lstm", "&a ", "*a", "<<: ", "}\n")
)
def test_any_text_is_a_recipe_or_refused_with_its_place(tmp_path, text):
    file = tmp_path / "recipe.yaml"
    file.write_bytes(text.encode())
    try:
        load(file).check()
    except ConfigError as error:
        assert error.messages and all(str(file) in message for message in error.messages)


@few
@given(some.sampled_from(["model.units", "train.epochs", "data.clip", "data.clip.size", "task", "data.kind"]), PLAIN)
def test_any_value_of_a_setting_is_a_plan_or_refused(setting, value):
    try:
        config = load("smoke/cnn_lstm.yaml", [f"{setting}={write(value)}"]).check()
    except ConfigError as error:
        assert all(message.startswith("--set ") for message in error.messages)
    else:
        assert type(config).model_validate(read_value(config.to_yaml())) == config
