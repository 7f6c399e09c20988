"""Other people's files: whether each is read rightly or refused by name, tried as a user would, by the command line.

Usage: python scripts/other_peoples_files FOLDER [--only CASE ...] [--keep FOLDER]
FOLDER holds the inputs of the cases, one folder each: FAMILY/NAME. Prints one table, and exits with 1 if anything came
out otherwise than `cases.py` says. Commands run in folders of their own, two at a time; --keep keeps what they wrote.
Only the command line is used, that of the lstm_zoo which Python finds. Takes some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import CASES
from rich.console import Console
from rich.table import Table
from trying import Case, Outcome, tried

AT_ONCE = 2


def main() -> int:
    """Try the cases, and print what came."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="inputs of the cases")
    arguments.add_argument("--only", nargs="+", metavar="CASE", choices=list(CASES), default=list(CASES))
    arguments.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what the commands wrote there")
    options = arguments.parse_args()
    if missing := [name for name in options.only if not (options.folder / name).is_dir()]:
        arguments.error(f"{options.folder} lacks the inputs of {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        home, made = (options.keep or Path(scratch)).absolute(), options.folder.absolute()
        futures = {name: pool.submit(_told, name, made, home / name) for name in options.only}
        found = {name: future.result() for name, future in futures.items()}
    Console(width=200).print(_table(found))
    wrong = [name for name, outcomes in found.items() if not all(one.right for one in outcomes)]
    print(
        f"{len(found) - len(wrong)} of {len(found)} cases as they should be{'; not: ' * bool(wrong)}{', '.join(wrong)}"
    )
    return bool(wrong)


def _told(name: str, made: Path, home: Path) -> list[Outcome]:
    outcomes = tried(CASES[name], made, made / name, home)
    print(f"{name}: {'yes' if all(one.right for one in outcomes) else 'no'}", file=sys.stderr, flush=True)
    return outcomes


def _table(found: dict[str, list[Outcome]]) -> Table:
    """Return one row a case, and one for each of its steps that came out otherwise."""
    table = Table("case", "what is right", "so?", "what came")
    for name, outcomes in found.items():
        case: Case = CASES[name]
        wrong = [one for one in outcomes if not one.right]
        table.add_row(name, case.right, "no" if wrong else "yes", "" if wrong else f"{len(outcomes)} commands")
        for one in wrong:
            table.add_row("", "", "no", one.came)
        table.add_section()
    return table


if __name__ == "__main__":
    sys.exit(main())
