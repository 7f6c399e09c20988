"""Results of a prediction in a file, one JSON object a line: it holds what was done before a stop."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..console.text import first_line
from ..console.visible import visible_json
from ..contracts import InputError, local_path, named_place
from ..disk.locks import alone

_BY = "network"  # key of what tells which network said it
_BEGINNING = b'{"file": '


class ResultLines:
    """A file of results that is open for more; see `opened`."""

    def __init__(self, descriptor: int, by: str, held: Set[str]):
        self._descriptor, self._by, self._held = descriptor, by, held

    @classmethod
    @contextmanager
    def opened(cls, file: Path, by: str) -> Iterator[ResultLines]:
        """Open a file of results, or a new one; no other process writes into it meanwhile.

        Args:
            file: The file.
            by: What tells the network from others.

        Raises:
            InputError: It holds something else, or results of another network.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        with alone(file.with_name(f".{file.name}.lock"), f"writes into {file}"):
            held, end = _held_in(file, by) if file.exists() else (set(), 0)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.ftruncate(descriptor, end)  # what a killed process was writing
                yield cls(descriptor, by, held)
            finally:
                os.close(descriptor)

    def __contains__(self, path: Path) -> bool:
        """Say whether there is a result of a file, be it that it cannot be read."""
        return named_place(path.absolute()) in self._held

    def add(self, facts: dict[str, Any]) -> None:
        """Write the result of a file.

        Raises:
            OSError: It cannot be written; then nothing of it is.
        """
        facts = {**facts, "file": str(Path(facts["file"]).absolute())}  # commands may come from other folders
        line = visible_json({**facts, _BY: self._by}).encode() + b"\n"
        end = os.fstat(self._descriptor).st_size
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise


def _held_in(file: Path, by: str) -> tuple[set[str], int]:
    """Return the files that results are of, and where the last whole line ends."""
    held: set[str] = set()
    end = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n") and _BEGINNING.startswith(line[: len(_BEGINNING)]):
                break
            try:
                facts = json.loads(line)
                path, found_by = named_place(local_path(facts["file"]).absolute()), facts[_BY]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    "",
                    f"{file}, line {number} is no result of a prediction ({first_line(error)}); name another file "
                    "with --to",
                ) from None
            if found_by != by:
                raise InputError(
                    "",
                    f"{file}, line {number} is by the network {found_by}, this is {by}: its weights or settings are "
                    "others; name another file with --to",
                )
            held.add(path)
            end += len(line)
    return held, end
