"""Progress bars with rate and time left, through rich, on standard error."""

from __future__ import annotations

from .visible import console, visible


class ProgressBar:
    """One bar that counts to a total.

    Args:
        title: What is going on.
        total: The count at which it is done.
        unit: What is counted, for the rate.
        transient: Wipe the bar when it is closed.
    """

    def __init__(self, title: str, total: int, unit: str, transient: bool = False):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeRemainingColumn(),
            console=console(stderr=True),
            transient=transient,
        )
        self._task = self._progress.add_task(visible(title), total=total, note="")
        self._unit = unit
        self._progress.start()

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count on, and show a note beside the rate."""
        task = self._progress.tasks[0]
        rate = f"{task.speed:.3g} {self._unit}/s" if task.speed else ""
        self._progress.update(self._task, advance=steps, note=visible("  ".join(filter(None, (rate, note)))))

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()
