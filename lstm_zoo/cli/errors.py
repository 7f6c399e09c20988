"""What becomes of errors: a message and exit status 2 for what a user can mend, one line and 1 for what fails."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..console.signals import Stopped, answer_stop
from ..console.visible import visible
from .printing import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config.recipe import Config

_debug = [False]


def debugging(on: bool | None = None) -> bool:
    """Say whether tracebacks are shown; `on` decides from now on."""
    if on is not None:
        _debug[0] = on
    return _debug[0]


def input_error(message: str) -> Exception:
    """Return an error in the use of a command."""
    from ..contracts import InputError

    return InputError("", message)


@contextmanager
def user_errors(
    after_a_stop: Callable[[], str] = lambda: "stopped", elsewhere: str = ""
) -> Iterator[Callable[[Config], Config]]:
    """Turn errors into messages and exit status, unless tracebacks are asked for.

    Args:
        after_a_stop: Says what to do after Ctrl-C or SIGTERM.
        elsewhere: The option that names another place for what the command writes.

    Yields:
        A function to hand the config over once it is loaded, so that messages can name its lines.
    """
    loaded: list[Config] = []

    def take(config: Config) -> Config:
        loaded.append(config)
        return config

    try:
        yield take
    except KeyboardInterrupt as stop:
        asked = answer_stop() or stop
        _end(asked.status if isinstance(asked, Stopped) else 130, after_a_stop())
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        _end(128 + signal.SIGPIPE)  # as a shell tells it of other programs
    except OutputError as error:
        _end(1, str(error))
    except Exception as error:
        if stop := answer_stop():  # C code has made another exception of it
            _end(stop.status, after_a_stop())
        if debugging():
            raise
        status, lines = _explained(error, loaded, elsewhere)
        _end(status, *lines)


def _explained(error: Exception, loaded: list[Config], elsewhere: str) -> tuple[int, list[str]]:
    """Return exit status and lines for an error."""
    from ..config.mistakes import MOST_TOLD
    from ..config.recipe import ConfigError
    from ..console.text import first_line
    from ..contracts import InputError, WorkError
    from ..disk.failures import explained

    if isinstance(error, ConfigError):
        count = len(error.messages)
        number = f"more than {MOST_TOLD}" if count > MOST_TOLD else count
        head = f"{number} mistake{'s' * (count > 1)} in the configuration:"
        return 2, [head, *(f"  {text}" for text in error.messages)]
    if isinstance(error, InputError):
        return 2, [loaded[-1].describe(error) if loaded else error.told, *error.more]
    if isinstance(error, WorkError):
        return 1, [str(error)]
    if line := explained(error, elsewhere=elsewhere):
        return 1, [line]
    return 1, [f"failed: {type(error).__name__}: {first_line(error)[:500]}", "lstmzoo --debug ... shows where"]


def _end(status: int, *lines: str) -> None:
    for line in lines:
        print(visible(line), file=sys.stderr)
    raise typer.Exit(status) from None
