"""Export: a run's network as a file for another runtime, kept only if it is proved to do what the run does."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts import InputError
from ..run import RECIPE_FILES, versions
from .artifact import EXPORT, Artifact, Runner
from .formats import ExportError, Options, checked
from .network import exported_network
from .proof import examples_of, prove

if TYPE_CHECKING:
    from ..run import Run


def export(
    run: Run,
    format: str = "tf_saved_model",
    to: str | Path | None = None,
    *,
    quantize: str = "none",
    streaming: bool = False,
    allow_flex: bool = False,
) -> Artifact:
    """Export a run's network: uint8 pixels in, what the task makes of them out, the size of a batch free.

    The network is rebuilt without cuDNN's kernels and written; the file is loaded again in a fresh process that can
    import nothing of lstm_zoo (a `.keras` file: its layers alone) and sees no GPU, run there on test examples, and
    compared with the run. `export.json`, beside the file, says what came out.

    Args:
        run: The run.
        format: One of `FORMATS`.
        to: Folder for the file; None: `exports/` of the run, with a folder for each format.
        quantize: `none`, `float16` or `dynamic_int8`, where the format has it.
        streaming: Take one frame at a time, with the recurrent states as inputs and outputs.
        allow_flex: Let a LiteRT file hold TensorFlow's operations.

    Returns:
        The file.

    Raises:
        InputError: The options do not go together, a package is missing, or the network cannot be streamed.
        ExportError: The file could not be made, or differs by more than 1e-4 (streaming: 1e-5; quantised: more than 1
            point on the test split). Nothing is left of it; an older file in its place stays.
    """
    options = Options(quantize, streaming, allow_flex)
    target = checked(format, options)
    folder = Path(to) if to is not None else run.path / "exports" / _folder_name(format, options)
    file = f"{run.config.model.kind}{'_step' * streaming}{target.suffix}"
    replaces = _check_folder(folder, file)
    examples = examples_of(run)
    started = time.perf_counter()
    network = exported_network(run, streaming=streaming, any_length=target.any_length)
    with _draft_folder(folder) as draft:
        path = draft / file
        facts = target.save(network, path, run, options)
        seconds = time.perf_counter() - started
        with Runner(path, format) as runner:
            _refuse_foreign_ops(runner, allow_flex)
            about = {
                "model": run.config.model.kind,
                "run": str(run.path.absolute()),
                "file": file,
                "format": format,
                "quantize": quantize,
                "streaming": streaming,
                "created": datetime.now().astimezone().isoformat(timespec="seconds"),
                "versions": versions(target.packages),
                "runtime": runner.runtime,
                **facts,
                "class_names": run.spec.class_names,
                "signatures": runner.signatures,
                "bytes": _size(path),
                "ops": runner.ops,
                "seconds": round(seconds, 1),
                **prove(run, runner, examples, quantized=quantize != "none", streaming=streaming),
            }
        _write(draft, about, run)
        for old in [folder / "metrics.json", *folder.glob("predictions-*.csv")] if replaces else []:
            _remove(old)  # they are of the file that was there
        for part in draft.iterdir():
            _remove(folder / part.name)
            part.rename(folder / part.name)
    return Artifact.open(folder)


@contextmanager
def _draft_folder(folder: Path) -> Iterator[Path]:
    """Make a folder, and another within for the time of the work; leave nothing behind if that fails."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="draft-") as draft:
            yield Path(draft)
    finally:
        if made and not any(folder.iterdir()):
            folder.rmdir()


def _write(draft: Path, about: dict[str, Any], run: Run) -> None:
    """Write what is known of a file beside it, with what it takes to judge it."""
    texts = {
        EXPORT: json.dumps(about, indent=2, ensure_ascii=False),
        **dict(zip(RECIPE_FILES, (run.config.to_yaml(), run.spec.model_dump_json(indent=2)), strict=True)),
    }
    for name, text in texts.items():
        (draft / name).write_text(text, encoding="utf-8")


def _folder_name(format: str, options: Options) -> str:
    """Return the name of an export's own folder, for each format and option another."""
    parts = [format, *[options.quantize] * (options.quantize != "none"), *["streaming"] * options.streaming]
    return "-".join(parts)


def _check_folder(folder: Path, file: str) -> bool:
    """Return whether a folder holds an older export of the same name, which is to be replaced.

    Raises:
        InputError: It holds another export, or files that an export would write over.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("", f"--to {folder}: is a file; expected a folder for the export")
    if not (folder / EXPORT).is_file():
        if foreign := [name for name in (file, *RECIPE_FILES) if (folder / name).exists()]:
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


def _size(path: Path) -> int:
    """Return the size of a file, or of all files in a folder, in bytes."""
    return sum(one.stat().st_size for one in [path, *path.rglob("*")] if one.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
