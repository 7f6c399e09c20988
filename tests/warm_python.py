"""A Python with TensorFlow imported already, of which each start is a fork: the import takes 6 s of a processor.

What is started finds the modules of TensorFlow and Keras, and otherwise what a new process finds: a folder, variables
and standard streams of its own, and nothing of lstm_zoo. Whoever asks for isolation (-I) gets a new process after all.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

LAUNCHER = """#!{python} -ISs
import json, os, socket, sys
if sys.argv[1] == "-I":
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as there:
    there.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(there, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    there.sendall(asked)
    sys.exit(int(there.recv(3) or 1))
"""


@contextmanager
def warm_python(folder: Path):
    """Give the path of a program to start in the place of `sys.executable`, with `-c CODE`, `-m MODULE` or a file."""
    address, program = folder / "warm", folder / "python"
    program.write_text(LAUNCHER.format(python=sys.executable, address=str(address)), encoding="utf-8")
    program.chmod(0o755)
    server = subprocess.Popen([sys.executable, "-P", __file__, address], start_new_session=True)
    try:
        while not address.exists():
            assert server.poll() is None
            time.sleep(0.05)
        yield program
    finally:
        server.terminate()
        server.wait()


def serve(address: str) -> None:
    """Fork for whoever connects."""
    import signal

    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who end
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{address}.draft")
        server.listen()
        os.rename(f"{address}.draft", address)
        while True:
            connection, _ = server.accept()
            if not os.fork():
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _run(connection)
            connection.close()


def _run(connection: socket.socket) -> None:
    """Do what was asked for as the interpreter would, tell the exit status, and end."""
    import json
    import runpy
    import traceback

    size, streams, *_ = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as file:
        arguments, folder, variables = json.loads(file.read(int.from_bytes(size, "big")))
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())  # SIGIO ends this process if the one that asked is gone
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (the one there knows whether its parent's could seek)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    status = 0
    try:
        what, *sys.argv = [one for one in arguments if one != "-P"]
        if what == "-c":
            code, sys.argv[0] = sys.argv[0], what
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
        elif what == "-m":
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv.insert(0, what)
            runpy.run_path(what, run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    connection.sendall(str(status).encode())
    os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1])
