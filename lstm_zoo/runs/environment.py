"""Where a run is made: versions, devices, command line."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ..config.kinds import plugins_of
from ..config.recipe import Config
from ..console.cores import num_cores

_VERSIONS = ("lstm-zoo", "tensorflow", "keras", "tensorflow-datasets", "numpy", "av")
_KIND = {"family": "cpu family", "model": "model"}
_INSTRUCTIONS = {"AVX2": "avx2", "AVX-512": "avx512f"}


def environment_of(config: Config, fingerprint: str) -> dict[str, Any]:
    """Return what is told of where a run is made, ready for JSON."""
    from ..layers.recurrent.cudnn import visible_devices

    return {
        "recipe": config.name,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": sys.argv,
        "data": fingerprint,
        "git_commit": _git_commit(),
        "devices": visible_devices(),
        "machine": {"processor": processor(), "cores": num_cores(), "gpus": _gpus()},
        "platform": platform.platform(),
        **made_with(config),
    }


def made_with(config: Config) -> dict[str, Any]:
    """Return the programs on which the numbers of a training depend, ready for JSON."""
    import keras

    backend = keras.backend.backend()
    return {
        "code": _code(),
        "plugins": plugins_of(config),
        "python": platform.python_version(),
        "versions": versions({backend} - {"tensorflow"}),
        "backend": backend,
    }


def versions(further: Iterable[str] = ()) -> dict[str, str | None]:
    """Return the versions of what runs are made with, and of further packages, if they are installed."""
    return {name: _version(name) for name in (*_VERSIONS, *further)}


def processor() -> str:
    """Return the name of this machine's processor."""
    return _of_processor().get("model name") or platform.processor()


def processor_kind() -> str:
    """Return its family and model, which tell processors of one name apart; empty where the system does not say."""
    facts = _of_processor()
    return ", ".join(f"{one} {facts[name]}" for one, name in _KIND.items() if name in facts)


def instructions() -> dict[str, bool]:
    """Return which wide instructions it has; nothing where the system does not say, and of other than x86."""
    flags = _of_processor().get("flags", "").split()
    return {one: flag in flags for one, flag in _INSTRUCTIONS.items()} if flags else {}


def _of_processor() -> dict[str, str]:
    """Return what Linux tells of the first core, by name."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _gpus() -> list[str]:
    """Return what the GPUs that Keras' backend sees are called."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return [one.device_kind for one in jax.devices() if one.platform == "gpu"]
    if keras.backend.backend() != "tensorflow":
        return []
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [one.get("device_name", "GPU") for one in details]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _code() -> str:
    """Return 12 hexadecimal digits that change whenever this package's programs do."""
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        found.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


def _git_commit() -> str | None:
    """Return the commit of this package's checkout; None where it is installed from a wheel."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
