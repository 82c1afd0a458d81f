"""The files of one commit, or of the working tree, as bytes."""

from __future__ import annotations

import io
import subprocess
import tarfile

from staff.release.manifest import TOP_LEVEL, ReleaseError, starters_of
from startup.project import PROJECT_DIRECTORY


def files_of_commit(commit: str) -> dict[str, bytes]:
    """Every file of a commit by its path, whatever the working tree looks like.

    Raises:
        ReleaseError: git is missing, this is no git repository, or there is no such commit.
    """
    # autocrlf would make the bytes depend on who builds
    archive = _git("-c", "core.autocrlf=false", "archive", "--format=tar", f"{commit}^{{commit}}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        return {member.name: tar.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def files_of_working_tree() -> dict[str, bytes]:
    """Every file of the project as it is on disk now: for trying things out, never for a release.

    Files that git does not know yet count in the project's own folders. Others, such as a class's export and its
    results, are no part of the project.
    """
    names = {*_names("ls-files", "-z"), *_new_files()}
    paths = [(name, PROJECT_DIRECTORY / name) for name in sorted(names | starters_of(names))]
    return {name: path.read_bytes() for name, path in paths if path.is_file()}


def commit_id(commit: str) -> str:
    """The full name of a commit."""
    return _git("rev-parse", "--verify", f"{commit}^{{commit}}").decode().strip()


def changed_files(commit: str) -> list[str]:
    """The files of the working tree that differ from a commit, or are not in it, or are only in it."""
    return sorted([*_names("diff", "--name-only", "-z", commit, "--"), *_new_files()])


def _new_files() -> list[str]:
    """The files in the project's own folders that git does not know yet."""
    return _names("ls-files", "-z", "--others", "--exclude-standard", "--", *TOP_LEVEL)


def _names(*arguments: str) -> list[str]:
    """The file names that git lists."""
    return [name for name in _git(*arguments).decode().split("\0") if name]


def _git(*arguments: str) -> bytes:
    try:
        finished = subprocess.run(["git", *arguments], cwd=PROJECT_DIRECTORY, capture_output=True, check=False)
    except OSError as error:
        raise ReleaseError("git is needed to build a release: what is shipped is what a commit holds") from error
    if finished.returncode:
        reason = finished.stderr.decode(errors="replace").strip()
        raise ReleaseError(f"git failed: {reason}")
    return finished.stdout
