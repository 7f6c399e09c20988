"""A Python that is warm already: what it starts ends as a new process would."""

import os
import subprocess
import sys
import time

import pytest

TOLD = (
    "import os, pathlib, sys, time; pathlib.Path('pid').write_text(f'{os.getpid()} '); time.sleep(float(sys.argv[1]))"
)


def test_what_is_started_tells_its_status(warm):
    done = subprocess.run(
        [sys.executable, "-c", "print('said'); raise SystemExit(3)"], stdout=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stdout) == (3, "said\n")


def test_what_is_started_is_gone_with_the_process_that_asked(warm, tmp_path):
    asking = subprocess.Popen([sys.executable, "-c", TOLD, "60"], cwd=tmp_path)
    while not (told := tmp_path / "pid").exists() or not told.read_text():
        time.sleep(0.02)
    asking.kill()
    asking.wait()
    with pytest.raises(ProcessLookupError):
        for _ in range(500):
            os.kill(int(told.read_text()), 0)
            time.sleep(0.02)
