"""A section of a recipe, and what a user can mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict


class InputError(ValueError):
    """A mistake that the user can mend.

    Args:
        key: Dotted path of the setting to change, such as `data.root`; empty where no setting is at fault.
        message: What came, what was expected, and how to mend it.
        more: Further lines; what strangers wrote begins none of its own.
    """

    def __init__(self, key: str, message: str, *more: str):
        self.key, self.message, self.more = key, message, more
        super().__init__("\n".join([self.told, *more]))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, ...]]:
        return type(self), (self.key, self.message, *self.more)  # so that it travels between processes

    @property
    def told(self) -> str:
        """The message, with the key in front."""
        return f"{self.key}: {self.message}" if self.key else self.message


class WorkError(RuntimeError):
    """Work that failed through no mistake in the input; the message tells where, why and what to do."""


class Section(BaseModel):
    """One section of a config: frozen, without room for unknown keys, documented field by field."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong beyond types and ranges (a missing folder, say), without importing TensorFlow.

        Keys count from this section on: `root`, not `data.root`.
        """
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Section):
                for problem in value.problems():
                    yield InputError(f"{name}.{problem.key}", problem.message)


def raised_by(section: str, *checks: Callable[[], Any]) -> Iterator[InputError]:
    """Yield the InputErrors that some checks raise, each message once, with keys that count from a section on."""
    found: dict[str, InputError] = {}
    for check in checks:
        try:
            check()
        except InputError as error:
            found.setdefault(error.message, InputError(error.key.removeprefix(f"{section}."), error.message))
    yield from found.values()
