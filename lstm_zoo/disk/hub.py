"""Repositories of networks on the Hugging Face hub: how users name them, and what huggingface_hub fetches of them.

Its cache, its token and its variables count: HF_HOME, HF_TOKEN, HF_ENDPOINT (mirrors), HF_HUB_OFFLINE.
"""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..console.text import first_line, listed
from ..console.version import __version__
from ..contracts import InputError, WorkError
from .failures import explained

_NAME = r"[\w.-]+"
_URI = re.compile(rf"(?:models/)?(?P<name>{_NAME}/{_NAME})(?:@(?P<revision>[^@\s]+))?")
_PAGE = re.compile(rf"/(?P<name>{_NAME}/{_NAME})(?:/(?:tree|blob|resolve|commit)/(?P<revision>[^/]+)(?:/.*)?)?/?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_OTHERS = ("datasets", "spaces", "api", "docs")


class HubError(WorkError):
    """The hub cannot be reached, or does not do its work."""


class Repository(NamedTuple):
    """A repository, perhaps at a revision."""

    name: str
    """Owner and name: `me/my_clips`."""
    revision: str | None = None
    """A branch, a tag or a commit; None: the main branch."""

    def __str__(self) -> str:
        return f"hf://{self.name}" + (f"@{self.revision}" if self.revision else "")

    @property
    def is_fixed(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return bool(self.revision and _COMMIT.fullmatch(self.revision))


def repository_of(text: str) -> Repository | None:
    """Return the repository that a user names by `hf://owner/name[@revision]`, or its web address; None: it is no such.

    Raises:
        InputError: It begins like one, but there can be none.
    """
    scheme, _, rest = text.partition("://")
    if scheme == "hf":
        found = _URI.fullmatch(rest)
    elif scheme in ("http", "https") and urlsplit(text).netloc in _hosts():
        found = _PAGE.fullmatch(urlsplit(text).path)
        found = None if found and found["name"].split("/")[0] in _OTHERS else found
    else:
        return None
    if not found:
        raise InputError("", f"{text}: expected hf://owner/name or hf://owner/name@revision")
    return Repository(found["name"], found["revision"] and unquote(found["revision"]))


def fetch_files(repository: Repository, names: Sequence[str], anew: bool = False) -> Path:
    """Return the folder of the hub's cache that holds files of a repository; it is called as the commit.

    Args:
        repository: The repository; where the network is down, the cache tells which commit it was last.
        names: Files; those that are not in the repository are not in the folder, either.
        anew: Whatever the cache holds.

    Raises:
        InputError: There is no such repository or revision, it may not be read, or huggingface_hub is missing.
        HubError: The hub cannot be reached, and the cache does not have it.
    """
    with telling_of_hub(repository):
        from huggingface_hub import snapshot_download

        patterns = [glob.escape(name) for name in names]
        folder = snapshot_download(
            repository.name,
            revision=repository.revision,
            allow_patterns=patterns,
            force_download=anew,
            library_name="lstm_zoo",
            library_version=__version__,
        )
    return Path(folder)


class Uploaded(NamedTuple):
    """What was uploaded."""

    repository: Repository
    """With its commit."""
    page: str
    """Where it is to be looked at: the commit, or the request to take it."""


def upload(
    repository: Repository, folder: Path, mark: str, *, private: bool = False, create_pr: bool = False, message: str
) -> Uploaded:
    """Put a folder in the place of what a repository holds; there it is made, if need be, and its branch, too.

    Args:
        repository: The repository, perhaps at a branch.
        folder: The folder.
        mark: Name of a file that tells the repository is one of ours; another one's content is not replaced.
        private: Make a new repository that only its owner sees.
        create_pr: Ask its owner to take the folder.
        message: What the history says.

    Raises:
        InputError: It holds something else, may not be written, or huggingface_hub is missing.
        HubError: The hub cannot be reached.
    """
    with telling_of_hub(repository, "written"):
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

        api = HfApi(library_name="lstm_zoo", library_version=__version__)
        api.create_repo(repository.name, private=private or None, exist_ok=True)
        if repository.revision and not create_pr:
            api.create_branch(repository.name, branch=repository.revision, exist_ok=True)
        there = {*api.list_repo_files(repository.name, revision=repository.revision)} - {".gitattributes"}
        if mark not in there and (others := sorted(there - {"README.md"})):
            held = f"holds something else ({listed(others)}), which would be replaced"
            raise InputError("", f"{repository} {held}; choose another name")
        files = {one.relative_to(folder).as_posix(): one for one in sorted(folder.rglob("*")) if one.is_file()}
        done = api.create_commit(  # one, so that nobody finds a half: `upload_folder` makes several of a large folder
            repository.name,
            [
                *(CommitOperationAdd(name, file) for name, file in files.items()),
                *(CommitOperationDelete(name) for name in sorted(there - files.keys())),
            ],
            commit_message=message,
            revision=repository.revision,
            create_pr=create_pr,
        )
    return Uploaded(Repository(repository.name, done.oid), done.pr_url or done.commit_url)


@contextmanager
def telling_of_hub(repository: Repository, done: str = "read") -> Iterator[None]:
    """Raise what huggingface_hub refuses inside as a line for people.

    Args:
        repository: What it is about.
        done: What is done with it: `read` or `written`.

    Raises:
        InputError: The user can mend it.
        HubError: Anything else.
    """
    try:
        import huggingface_hub.errors as errors
        from huggingface_hub.utils import disable_progress_bars, logging
    except ImportError:
        needs = "needs the package huggingface_hub: pip install 'lstm-zoo[hub]'"
        raise InputError("", f"{repository} {needs}") from None
    if not sys.stderr.isatty():
        disable_progress_bars()
    logging.set_verbosity_error()  # what it warns of ends in an error, or is of no use
    try:
        yield
    except (InputError, WorkError):
        raise
    except errors.GatedRepoError as error:
        raise InputError(
            "", f"{repository} is gated: ask for access on its page, then log in: hf auth login"
        ) from error
    except errors.RepositoryNotFoundError as error:
        what = "there is no such repository, or it is private: log in with `hf auth login`, or set HF_TOKEN"
        raise InputError("", f"{repository}: {what}") from error
    except errors.RevisionNotFoundError as error:
        what = f"has no revision '{repository.revision}'; name a branch, a tag or a commit (40 digits)"
        raise InputError("", f"hf://{repository.name} {what}") from error
    except errors.HFValidationError as error:
        raise InputError("", f"{repository}: {first_line(error)}") from error
    except Exception as error:
        raise _other_error(repository, done, error) from error


def _other_error(repository: Repository, done: str, error: Exception) -> Exception:
    import huggingface_hub.errors as errors
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE and isinstance(error, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled):
        mend = "; unset it"
        if done == "read":
            mend = f", and it is not in the cache; unset it, then: lstmzoo fetch {repository}"
        return HubError(f"{repository} cannot be {done}: HF_HUB_OFFLINE is set{mend}")
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None
    if status in (401, 403):
        may = f"{repository} may not be {done} ({first_line(error)})"
        return InputError("", f"{may}; log in with `hf auth login`, or set HF_TOKEN")
    if isinstance(error, OSError) and status is None and explained(error):
        return error  # of this machine's disk
    cause = error.__cause__ or error
    reason = f"{type(cause).__name__}: {first_line(cause)}"
    return HubError(f"{repository} cannot be {done} ({reason[:300]}); is there a network, and {constants.ENDPOINT}?")


def _hosts() -> set[str]:
    return {"huggingface.co", "hf.co", urlsplit(os.environ.get("HF_ENDPOINT", "")).netloc} - {""}
