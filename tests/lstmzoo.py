"""The command line as tests call it: in this process, which stays as it was."""

import os

import pytest
from typer.testing import CliRunner


def lstmzoo(*words, status=0):
    """Run a command and return its result; it has to end with that exit status."""
    from lstm_zoo import cli
    from lstm_zoo.config.kinds import forget_plugins

    with pytest.MonkeyPatch.context() as patch:
        # `silence` is for a process of its own: here warnings stay errors.
        patch.setattr("lstm_zoo.console.quiet.silence", lambda: None)
        patch.setattr("lstm_zoo.console.quiet.import_keras", lambda: None)
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", os.environ["TF_ENABLE_ONEDNN_OPTS"])  # a stream switches it off
        debug = ["--debug"] if status == 0 else []
        result = CliRunner().invoke(cli.app, [*debug, *map(str, words)])
    forget_plugins()
    assert result.exit_code == status, f"{result.output}\n{result.exception!r}"
    return result
