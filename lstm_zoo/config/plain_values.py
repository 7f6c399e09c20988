"""What the words of a YAML file mean: numbers, true and false, nothing, text; what could mean two things is told.

PyYAML follows YAML 1.1, where `0777` is 511 and `1:30` is 90, and takes `1e-3` for text. Its own constructors end in
tracebacks (`2001-13-45`, `!!int abc`, 5,000 digits), and are not used.
"""

from __future__ import annotations

import re

import yaml

Value = str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][\d_]*)", re.ASCII)
_OTHER_BASE = re.compile(r"([-+]?)0(x[\da-f_]+|b[01_]+)", re.ASCII | re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[-+]?0[\d_]+", re.ASCII)
_BASE_60 = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?", re.ASCII)
POWER_OF_TEN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$", re.ASCII)
"""Numbers such as `1e-3`, which PyYAML has to be told of."""
_FLOAT = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_NO_FINITE = re.compile(r"([-+]?)\.(inf|nan)", re.IGNORECASE)
_MOST_DIGITS = 20
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def plain_value(node: yaml.ScalarNode) -> Value:
    """Return what a word means.

    Raises:
        ValueError: It could mean two things, is no such thing as its tag says, or is more than a setting may be.
    """
    text, kind = node.value, node.tag.removeprefix(_TAG)
    if kind in ("str", "timestamp", "value", "merge"):
        return text
    if kind in ("int", "float"):
        return _number(text, kind)
    if kind == "bool" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if kind == "null" and text.lower() in ("", "~", "null"):
        return None
    if kind in ("bool", "null"):
        raise ValueError(f"{_quoted(text)} is no !!{kind}")
    raise ValueError(f"the tag {tag_name(node)} is not allowed in a config")


def tag_name(node: yaml.Node) -> str:
    """Return what kind of value a node is said to be, as one writes it: `!!set`."""
    return _quoted(f"!!{node.tag.removeprefix(_TAG)}" if node.tag.startswith(_TAG) else node.tag)


def _number(text: str, kind: str) -> int | float:
    bare = text.replace("_", "")
    if _LEADING_ZERO.fullmatch(text):
        octal = f"{int(bare, 8):,}" if len(bare) <= _MOST_DIGITS and not set(bare) & {"8", "9"} else "no number"
        decimal = bare.lstrip("+-0") or "0"
        raise ValueError(
            f"{_quoted(text)} is {octal} to some readers of YAML, which take it for octal; "
            f"write {_quoted(decimal)} for the number, or quotes around text"
        )
    if _BASE_60.fullmatch(text):
        raise ValueError(
            f"{_quoted(text)} is a number of base 60 to some readers of YAML; write a time as seconds, and quotes "
            "around text"
        )
    if _DECIMAL.fullmatch(text) or _OTHER_BASE.fullmatch(text):
        if len(bare) > _MOST_DIGITS:
            raise ValueError(f"a whole number of {len(bare):,} digits; expected at most {_MOST_DIGITS}")
        number = int(bare, 0)
        return float(number) if kind == "float" else number
    if kind == "float" and (found := _NO_FINITE.fullmatch(text)):
        return float(found[1] + found[2])
    if kind == "float" and _FLOAT.fullmatch(text):
        return float(bare)
    raise ValueError(f"{_quoted(text)} is no !!{kind}")


def _quoted(text: str) -> str:
    return f"'{text}'" if len(text) <= 40 else f"'{text[:40]}...'"
