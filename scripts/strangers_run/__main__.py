"""Whether what strangers send is survived: runs, recipes, data sets and names that were made to do harm.

Usage: python scripts/strangers_run [--only WORDS ...] [--keep FOLDER]
Makes each attempt of `attempts.py` in a folder of its own and runs the commands that meet it. Survived: each command
ends with a right answer or a clear line, without a traceback, within 60 s; nothing is written outside, no terminal is
spoken to, no page holds an element that a name brought. Prints a table, and exits with 1 if anything was lost.

Commands run in processes that are forked from one that has imported TensorFlow; some minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before TensorFlow is imported, as the command does

from attempts import ATTEMPTS
from trying import tried

import lstm_zoo.runs.evaluation
import lstm_zoo.training.fit  # noqa: F401 (imported once, for all commands)
from lstm_zoo.console.visible import visible


def main() -> int:
    """Make the attempts that are asked for, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="WORDS", default=[""], help="attempts in which these are named")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what was made there")
    options = parser.parse_args()
    lost, chosen = 0, [one for one in ATTEMPTS if any(words in one.what for words in options.only)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)).absolute()
        for number, attempt in enumerate(chosen, 1):
            outcome = tried(attempt, folder / f"{number:02d}")
            lost += bool(outcome.lost)
            print(f"{'LOST' if outcome.lost else 'survived':8} | {attempt.what} | {visible(outcome.said)[:150]}")
            for wrong in outcome.lost:
                print(f"         {visible(wrong)}")
            sys.stdout.flush()
    print(f"{len(chosen)} tried, {len(chosen) - lost} survived, {lost} lost")
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
