"""Export: a run's network as a file for another runtime, kept only if it is proved to do what the run does."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ..contracts import InputError
from ..disk.failures import telling
from ..runs.environment import versions
from ..runs.kept import CONFIG, EXPORT, MEMORY, METRICS, RECIPE_FILES
from ..runs.network import RunNetwork
from .exported import ExportedNetwork
from .formats import checked
from .network import exported_network
from .options import ExportError, Options
from .proof import examples_of, prove
from .runner import Runner


def export(
    run: RunNetwork,
    format: str = "tf_saved_model",
    to: str | Path | None = None,
    *,
    quantize: str = "none",
    streaming: bool = False,
    allow_flex: bool = False,
    portable: bool = False,
    static_shape: Mapping[str, int] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> ExportedNetwork:
    """Export a run's network: its inputs in, what the task makes of them out, the size of a batch free.

    The network is rebuilt without cuDNN's kernels and written; the file is loaded again in a fresh process that can
    import nothing of lstm_zoo (unless a `.keras` file holds layers of it) and sees no GPU, run there on test examples,
    and compared with the run. `export.json`, beside the file, says what came out; with what else is there, the file can
    be evaluated alone.

    Args:
        run: The run.
        format: One of `FORMATS`.
        to: Folder for the file; None: `exports/` of the run, with a folder for each format.
        quantize: `none`, `float16` or `dynamic_int8`, where the format has it.
        streaming: Take one frame at a time, with the recurrent states as inputs and outputs.
        allow_flex: Let a LiteRT file hold TensorFlow's operations.
        portable: Make a `.keras` file of Keras' own layers alone, which needs no lstm_zoo.
        static_shape: Sizes to fix, for runtimes that take no others: `{"batch": 1, "frames": 16}`. Otherwise the
            batch is free, and where the format and the network allow it `frames` and `width`.
        recipe: What the file is to tell of its recipe; None: the run's own, with the paths of this machine.

    Returns:
        The file.

    Raises:
        InputError: The options do not go together, a package is missing, the network cannot be streamed or made of
            Keras' own layers, or a size to fix is not free.
        ExportError: The file could not be made, or differs by more than 1e-4 (streaming: 1e-5; quantised: more than 1
            point on the test split). Nothing is left of it; an older file in its place stays.
        DiskError: The disk is full, or the folder cannot be written; with the same end.
    """
    options = Options(quantize, streaming, allow_flex, portable, static_shape or {}, recipe)
    target = checked(format, options)
    kind = run.config.model.kind
    folder = run.folder / "exports" / _own_name(format, options) if to is None else Path(to)
    file = f"{kind}{'_step' * streaming}{target.suffix}"
    replaces = _check_folder(folder, file)
    inputs, origin = examples_of(run)
    started = time.perf_counter()
    network = exported_network(
        run, inputs, streaming=streaming, any_length=target.any_length, static_shape=options.static_shape
    )
    with _draft_folder(folder) as draft:
        path = draft / file
        facts = target.save(network, path, run, options)
        seconds = time.perf_counter() - started
        asked = {"format": format, "quantize": quantize, "streaming": streaming}
        exported = ExportedNetwork(path, asked, run.config, run.spec)
        with closing(exported.runner) as runner:
            _refuse_foreign_ops(runner, allow_flex)
            about = {
                "model": kind,
                "run": str(run.folder.absolute()),
                "file": file,
                **asked,
                "created": datetime.now().astimezone().isoformat(timespec="seconds"),
                "versions": versions(target.packages),
                "runtime": runner.runtime,
                **facts,
                "target": run.spec.target.model_dump(mode="json", exclude={"vocabulary"}),  # `spec.json` has it
                **run.config.task.to_read_outputs(run.memory),
                "signatures": runner.signatures,
                "bytes": sum(one.stat().st_size for one in [path, *path.rglob("*")] if one.is_file()),
                "ops": runner.ops,
                "seconds": round(seconds, 1),
                "examples": origin,
                **prove(run, exported, inputs),
            }
        (draft / EXPORT).write_text(json.dumps(about, indent=2, ensure_ascii=False), encoding="utf-8")
        for name in (*RECIPE_FILES, MEMORY):
            if (run.folder / name).is_file():
                shutil.copy(run.folder / name, draft)
        (draft / CONFIG).write_text(run.config.to_yaml(), encoding="utf-8")  # some settings may have been changed
        _move(draft, folder, replaces)
    return ExportedNetwork.open(folder)


def _own_name(format: str, options: Options) -> str:
    """Return what the folder of an export is called among the run's others."""
    fixed = [f"{axis}{size}" for axis, size in options.static_shape.items()]
    quantized = [] if options.quantize == "none" else [options.quantize]
    marks = [*["streaming"] * options.streaming, *["portable"] * options.portable]
    return "-".join([format, *quantized, *marks, *fixed])


@contextmanager
def _draft_folder(folder: Path) -> Iterator[Path]:
    """Make a folder, and another within for the time of the work; leave nothing behind if that fails."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with telling(folder, "--to"), tempfile.TemporaryDirectory(dir=folder, prefix="draft-") as draft:
            yield Path(draft)
    finally:
        if made and not any(folder.iterdir()):
            folder.rmdir()


def _move(draft: Path, folder: Path, replaces: bool) -> None:
    """Move what is in a draft to its folder; where it replaces an export, what was found out about that goes."""
    for name in (METRICS, "predictions-*.csv", "report.html", "figures") if replaces else ():
        for old in folder.glob(name):
            _remove(old)
    for part in draft.iterdir():
        _remove(folder / part.name)
        part.rename(folder / part.name)


def _check_folder(folder: Path, file: str) -> bool:
    """Return whether a folder holds an older export of the same name, which is to be replaced.

    Raises:
        InputError: It holds another export, or files that an export would write over.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("", f"--to {folder}: is a file; expected a folder for the export")
    if not (folder / EXPORT).is_file():
        if foreign := [name for name in (file, *RECIPE_FILES, MEMORY) if (folder / name).exists()]:
            raise InputError(
                "", f"{folder} holds {', '.join(foreign)}, which no export wrote; choose another folder with --to"
            )
        return False
    try:
        other = json.loads((folder / EXPORT).read_text(encoding="utf-8"))["file"]
    except (ValueError, KeyError, TypeError):
        other = f"its {EXPORT} is damaged"
    if other != file:
        raise InputError("", f"{folder} holds another export ({other}); choose another folder with --to")
    return True


def _refuse_foreign_ops(runner: Runner, allow_flex: bool) -> None:
    """Raise an ExportError if a file holds operations that its users' runtimes may not have."""
    if cudnn := [op for op in runner.ops if "Cudnn" in op]:
        raise ExportError(f"{runner.format}: {', '.join(cudnn)} in the file would run on NVIDIA's GPUs alone")
    if runner.format == "litert" and not allow_flex and (own := [op for op in runner.ops if not op.isupper()]):
        raise ExportError(f"litert: {', '.join(own)} in the file are not built into LiteRT")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
