"""The command line: a file a command, each of which parses, calls one function and prints.

Exit status: 0 done, 1 the work failed, 2 the user's input was wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..console.signals import Stopped, answer_stop, raise_when_asked
from ..console.version import __version__
from ..console.visible import tell, visible
from . import bench, check, data, evaluate, export, fetch, listing, predict, publish, train
from .errors import debugging, user_errors
from .printing import OutputError, show, written

app = typer.Typer(
    help="LSTMs for computer vision: one YAML a recipe, one command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(train.train)
app.command("eval")(evaluate.evaluate)
app.command()(predict.predict)
app.command()(export.export)
app.command()(publish.publish)
app.command()(fetch.fetch)
app.command("list")(listing.listing)
app.command()(check.check)
app.command()(bench.bench)
app.add_typer(data.app, name="data")


def _show_version(wanted: bool) -> None:
    if wanted:
        show(f"lstm_zoo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and TensorFlow's messages.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version, and no more.")
    ] = False,
    plugin: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A Python file with data sets, models or tasks of yours.")
    ] = None,
) -> None:
    debugging(debug)
    if not debug:
        from ..console.quiet import silence

        silence()
    with user_errors():
        for file in plugin or ():
            from ..config.kinds import use_plugin

            use_plugin(file)


def main() -> None:
    """Run the command line."""
    try:
        raise_when_asked()
        with written():  # the help, too, which is no command's
            status = app(standalone_mode=False)
        if status == 130 and (stop := answer_stop()):  # Typer has caught it
            raise stop
        sys.exit(status)
    except OutputError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except Stopped as stop:  # before the command has words of its own for it
        answer_stop()
        tell("stopped before it began; the same command starts it")
        sys.exit(stop.status)
    except Exception as error:
        if not (hasattr(error, "show") and hasattr(error, "message")):
            raise
        # A mistake in options and names, as Click has it, which Typer brings within itself or beside it.
        error.message = visible(error.message, lines=True)
        error.show()
        sys.exit(error.exit_code)
