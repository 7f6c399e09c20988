"""The command line: each command parses, calls one function and prints.

Exit status: 0 done, 1 the work failed, 2 the user's input was wrong.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .config import Config
    from .exporting import Artifact
    from .run import Run

app = typer.Typer(
    help="LSTMs for computer vision: one YAML a recipe, one command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Prepare a data set once, and see what is in it.", no_args_is_help=True)
app.add_typer(data_app, name="data")

ConfigOption = Annotated[str, typer.Option("--config", help="A YAML file, or the name of a shipped recipe.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as train.epochs=3.")
]
RunOption = Annotated[Path | None, typer.Option("--run", help="A run directory; the newest below runs/ by default.")]
ExportedOption = Annotated[
    Path | None, typer.Option("--exported", metavar="FILE", help="An exported file, instead of a run: the file itself.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


class Split(StrEnum):
    """The splits of a data set."""

    train = "train"
    val = "val"
    test = "test"


class Format(StrEnum):
    """The formats of an export."""

    keras = "keras"
    tf_saved_model = "tf_saved_model"
    onnx = "onnx"
    litert = "litert"


class Quantization(StrEnum):
    """How an export's weights are stored."""

    none = "none"
    float16 = "float16"
    dynamic_int8 = "dynamic_int8"


class Backend(StrEnum):
    """The Keras backends that are measured."""

    tensorflow = "tensorflow"
    jax = "jax"


class Listing(StrEnum):
    """What can be listed."""

    models = "models"
    data = "data"
    tasks = "tasks"
    configs = "configs"


_debug = False


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and TensorFlow's messages.")] = False,
) -> None:
    global _debug
    _debug = debug
    if not debug:
        from .console.quiet import silence

        silence()


@app.command()
def train(
    config: ConfigOption,
    set: SetOption = None,
    run_dir: Annotated[
        Path | None, typer.Option(help="Where to keep the run; a new one below runs/ by default.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run of this recipe.")] = False,
) -> None:
    """Train a network, and write a run directory."""
    with _user_errors() as loaded:
        recipe = loaded(_load(config, set))
        from .training import train

        run = train(recipe, run_dir, resume=resume)
        from .tables import evaluation_table

        for split, figures in run.metrics.items():
            _print(evaluation_table(figures, f"{run.config.model.kind} on {split}"))
        _print(f"run: {run.path}\nreport: {run.path / 'report.html'}\nnext: lstmzoo eval --run {run.path}")


@app.command()
def eval(
    run: RunOption = None,
    exported: ExportedOption = None,
    split: Annotated[Split, typer.Option(help="Which examples.")] = Split.test,
    set: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a run, or what was exported from it, on a split, beside the floor."""
    with _user_errors() as loaded:
        opened = _open(run, set, exported)
        loaded(opened.config)
        name = split.value if not set else "_".join([split.value, *(_file_name(text) for text in set)])
        figures = opened.evaluate(split.value, name=name)
        if as_json:
            _json({"run": str(opened.path), "split": split.value, **figures})
            return
        from .tables import class_table, evaluation_table

        _print(evaluation_table(figures, f"{opened.path.name} on {name}"))
        if "per_class" in figures:
            _print(class_table(figures["per_class"], opened.config.task.per_class))
        if not exported:
            _print(f"report: {opened.path / 'report.html'}")


@app.command()
def predict(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Videos or images, as the run was trained on, or folders.")
    ] = None,
    run: RunOption = None,
    exported: ExportedOption = None,
    set: SetOption = None,
    as_json: JsonOption = False,
    save_to: Annotated[Path | None, typer.Option(help="Folder for one JSON file each input, and for pictures.")] = None,
    stream: Annotated[
        str | None,
        typer.Option(metavar="VIDEO|-", help="Watch a video frame by frame, or one that comes on standard input (-)."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames of a stream a second; by default as in training, where that is known.")
    ] = None,
    restart: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Forget a stream's frames every so often; never by default.")
    ] = None,
) -> None:
    """Say what files show, or what a live video shows so far."""
    with _user_errors():
        if stream is not None:
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its kernels take longer to start than a single frame needs
            _watch(_open(run, set, exported), stream, fps, restart, as_json, bool(files or save_to))
            return
        if not files or fps is not None or restart is not None:
            raise _input_error("name the files to predict" if not files else "--fps and --restart go with --stream")
        opened = _open(run, set, exported)
        folder = opened.path.parent if exported else opened.path
        results = opened.predict(files, save_to or folder / "predictions")
        if save_to is not None:
            save_to.mkdir(parents=True, exist_ok=True)
            for number, result in enumerate(results, 1):
                text = json.dumps(result, indent=2, ensure_ascii=False)
                (save_to / f"{number:03d}-{Path(result['file']).stem}.json").write_text(text, encoding="utf-8")
        if as_json:
            _json({"run": str(opened.path), "predictions": results})
        else:
            _print_predictions(results)
        if any("error" in result for result in results):
            raise typer.Exit(2)


def _print_predictions(results: list[dict[str, Any]]) -> None:
    from .tables import prediction_table

    for result in results:
        _print(f"{result['file']}: cannot be read: {result['error']}" if "error" in result else result["file"])
        if "caption" in result:
            _print(f"  {result['caption']}")
        if "classes" in result:
            _print(prediction_table(result))
        for name in ("figure", "labels"):
            if name in result:
                _print(f"  {name}: {result[name]}")


def _watch(
    opened: Run | Artifact, source: str, fps: float | None, restart: float | None, as_json: bool, more: bool
) -> None:
    """Print what a live video shows, line by line."""
    if more:
        raise _input_error("--stream takes one video; leave out the files and --save-to")
    from .live import lines, records, watch

    video = sys.stdin.buffer if source == "-" else Path(source)
    seen = watch(opened.stream(), opened.config.data, opened.spec, video, fps=fps, restart=restart)
    for said in records(seen) if as_json else lines(seen):
        print(json.dumps(said, ensure_ascii=False) if as_json else said, flush=True)


@app.command()
def export(
    format: Annotated[Format, typer.Option(help="What to write.")] = Format.tf_saved_model,
    run: RunOption = None,
    set: SetOption = None,
    quantize: Annotated[Quantization, typer.Option(help="Smaller weights, for litert.")] = Quantization.none,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="One frame at a time, with the recurrent states going in and out.")
    ] = False,
    allow_flex: Annotated[
        bool, typer.Option("--allow-flex", help="Let a litert file hold TensorFlow operations (Flex).")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="Folder for the file; one in exports/ of the run by default.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Export a run, and prove in a fresh process that the file gives the same answers."""
    with _user_errors():
        options = {"quantize": quantize.value, "streaming": streaming, "allow_flex": allow_flex}
        artifact = _open(run, set).export(format.value, to, **options)
        if as_json:
            _json({"path": str(artifact.path), **artifact.about})
            return
        from .tables import export_table

        _print(export_table(artifact.about))
        _print(str(artifact.path))


@app.command("list")
def list_(
    what: Annotated[Listing, typer.Argument(help="What to list.")] = Listing.models, as_json: JsonOption = False
) -> None:
    """List models, data sets, tasks or shipped recipes."""
    from .tables import catalogue, catalogue_table

    rows = catalogue(what.value)
    if as_json:
        _json({what.value: rows})
    else:
        _print(catalogue_table(what.value, rows))


@app.command()
def check(config: ConfigOption, set: SetOption = None, as_json: JsonOption = False) -> None:
    """Validate a recipe, then build its network dry."""
    with _user_errors() as loaded:
        recipe = loaded(_load(config, set))
        from .checking import dry_build

        facts = dry_build(recipe)
        if as_json:
            _json(facts)
            return
        from .tables import dry_build_table

        _print(dry_build_table(facts))


@app.command()
def bench(
    only: Annotated[list[str] | None, typer.Option(help="A row, by name; give it several times for more.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each contender.")] = 7,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes: only try the code.")] = False,
    backend: Annotated[Backend, typer.Option(help="Keras' backend; jax for layers and networks only.")] = (
        Backend.tensorflow
    ),
    videos: Annotated[
        Path | None, typer.Option(help="Videos to read, one folder a class; else they are drawn.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Also write the figures into this JSON file, row by row.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure this package against Keras' and PyTorch's layers and the usual loops, as ratios."""
    with _user_errors():
        from .bench.measuring import bench, machine
        from .tables import bench_table

        figures: dict[str, Any] = {"machine": machine(), "backend": backend.value, "rows": []}
        for row in bench(only, rounds=rounds, quick=quick, backend=backend.value, videos=videos):
            figures["rows"].append(row)
            if to:
                to.write_text(json.dumps(figures, indent=2), encoding="utf-8")
            if not as_json:
                _print(bench_table(row))
        if as_json:
            _json(figures)


@data_app.command("prepare")
def data_prepare(config: ConfigOption, set: SetOption = None) -> None:
    """Prepare the data of a recipe, once."""
    with _user_errors() as loaded:
        recipe = loaded(_load(config, set))
        _print_data(recipe, as_json=False)


@data_app.command("check")
def data_check(config: ConfigOption, set: SetOption = None, as_json: JsonOption = False) -> None:
    """Read every file once, and name those that cannot be used; writes nothing."""
    with _user_errors() as loaded:
        recipe = loaded(_load(config, set))
        bad = recipe.data.bad_files()
        if as_json:
            _json({"bad_files": [file._asdict() for file in bad]})
        for file in () if as_json else bad:
            print(f"{file.split}: {file.name}: {file.reason}")
        if not as_json:
            print(f"{len(bad)} of the files cannot be used" if bad else "all files can be read")
        if bad:
            raise typer.Exit(2)


@data_app.command("info")
def data_info(config: ConfigOption, set: SetOption = None, as_json: JsonOption = False) -> None:
    """Show what is in a data set; prepares it if it was not."""
    with _user_errors() as loaded:
        recipe = loaded(_load(config, set))
        _print_data(recipe, as_json)


def _print_data(recipe: Config, as_json: bool) -> None:
    from .checking import data_facts
    from .tables import data_table

    facts = data_facts(recipe, recipe.data.load())
    if as_json:
        _json(facts)
    else:
        _print(data_table(facts))
        _print(f"prepared as {facts['fingerprint'].split('/{')[0]}")


def _load(config: str, overrides: list[str] | None) -> Config:
    """Return a recipe in which nothing is wrong; only then is Keras imported."""
    from .config import load

    recipe = load(config, overrides or ()).check()
    _import_keras()
    return recipe


def _open(path: Path | None, overrides: list[str] | None = None, exported: Path | None = None) -> Run | Artifact:
    """Return a run, or an exported file in its place."""
    if path and exported:
        raise _input_error("--run and --exported: name one of them")
    from .run import Run

    if exported is None:
        run = Run.open(path, overrides or ())
        _import_keras()
        return run
    _import_keras()
    from .exporting import Artifact

    return Artifact.open(exported, overrides or ())


def _input_error(message: str) -> Exception:
    from .contracts import InputError

    return InputError("", message)


def _import_keras() -> None:
    from .console.quiet import import_keras

    if not _debug:
        import_keras()


@contextmanager
def _user_errors() -> Iterator[Any]:
    """Turn what a user can mend into a message and exit status 2, and what fails into one line and 1.

    Yields:
        A function to hand the config over once it is loaded, so that messages can name its lines.
    """
    from .config import ConfigError
    from .console.text import first_line
    from .contracts import InputError

    config: Config | None = None

    def loaded(new: Config) -> Config:
        nonlocal config
        config = new
        return new

    try:
        yield loaded
    except ConfigError as error:
        if _debug:
            raise
        count = len(error.messages)
        _fail(f"{count} mistake{'s' * (count > 1)} in the configuration:", *(f"  {text}" for text in error.messages))
        raise typer.Exit(2) from None
    except InputError as error:
        if _debug:
            raise
        _fail(config.describe(error) if config else str(error))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        _fail("interrupted" + "; it goes on after its last finished epoch with --resume" * ("train" in sys.argv))
        raise typer.Exit(1) from None
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception as error:
        if _debug:
            raise
        _fail(f"failed: {type(error).__name__}: {first_line(error)[:500]}", "lstmzoo --debug ... shows where")
        raise typer.Exit(1) from None


def _fail(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def _print(what: Any) -> None:
    """Print for people: text as it is, tables through rich."""
    if isinstance(what, str):
        print(what)
    else:
        from rich.console import Console

        Console().print(what)


def _json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _file_name(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-=." else "_" for letter in text)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was begun is cleared away
    app()


if __name__ == "__main__":
    main()
