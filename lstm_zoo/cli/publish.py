"""`lstmzoo publish`."""

from __future__ import annotations

from typing import Annotated

import typer

from .errors import user_errors
from .options import RUN, JsonOption, open_run, run_folder, typed_path
from .printing import show, show_json


def publish(
    run: Annotated[str, typer.Argument(metavar="RUN", help=f"What --run takes: {RUN}.")],
    to: Annotated[
        str, typer.Option(metavar="PATH|hf://OWNER/NAME[@BRANCH]", help="A new folder, or a place on the hub.")
    ],
    private: Annotated[bool, typer.Option("--private", help="Make a repository that only its owner sees.")] = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Ask the owner of the place to take it.")] = False,
    message: Annotated[str, typer.Option(help="What the history of the place says.")] = "",
    license: Annotated[str, typer.Option(help="As the hub spells it: apache-2.0, cc-by-4.0, ...")] = "",
    formats: Annotated[
        str, typer.Option("--with", metavar="FORMAT,...", help="What goes along: keras, onnx, litert.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be published.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Give a run away: what a network in use needs, with a card and a manifest, and nothing of your machine."""
    with user_errors(elsewhere="--to"):
        from ..disk.hub import repository_of
        from ..disk.sending import kept_in_store

        opened = open_run(run_folder(run), None).run
        from ..publishing.publish import publish

        with kept_in_store(None if dry_run or repository_of(to) else typed_path(to)):
            done = publish(
                opened,
                to,
                private=private,
                create_pr=create_pr,
                message=message,
                license=license,
                formats=[one for one in formats.split(",") if one],
                dry_run=dry_run,
            )
        if as_json:
            show_json({"published": None if dry_run else done.place, "page": done.page, "files": done.files})
            return
        for name, size in done.files.items():
            show(f"{size:12,}  {name}")
        show(f"{sum(done.files.values()):12,}  bytes in {len(done.files)} files")
        if dry_run:
            show(f"not published: --dry-run; without it: to {done.place}")
            return
        for line in filter(None, (f"published: {done.place}", done.page, f"next: lstmzoo eval --run {done.place}")):
            show(line)
