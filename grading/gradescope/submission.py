"""Finds the student files in what was handed in, however it was packed, and says what is odd about it."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from grading.outcomes import QuestionResult
from startup.student_files import PUT_BACK, is_like

MAX_BYTES = 2**20  # of one file; the reference's largest has under 20,000
MAX_ENTRIES = 5_000
MAX_NAMED = 5  # in a note
NOISE = re.compile(
    r"(__MACOSX|\.DS_Store|\._.*|__pycache__|\.git|\.idea|\.vscode|\.ipynb_checkpoints|Thumbs\.db|venv|\.venv)"
)


# what `grading.checks.source` says of a file that is imported and is not there
ABSENT = re.compile(r"(?P<before>There is no file (?P<file>\S+) beside it.*? )Put the file there, or")


@dataclass(frozen=True)
class Submission:
    """What was found.

    Attributes:
        files: content of each student file that can be used, by its proper name.
        notes: sentences for the student, one for each thing that is not as it should be.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(directory: Path, wanted: Iterable[str], required: Iterable[str] | None = None) -> Submission:
    """Look for the wanted files in a folder and the folders in it. Nothing is followed, run or trusted.

    Args:
        directory: what was handed in.
        wanted: names such as `models.py` and `electives/optimizers.py`; the latter may also lie without its folder.
        required: those of them that are named if they are missing; by default all.
    """
    wanted = sorted(wanted)
    required = wanted if required is None else set(required)
    found = Submission()
    paths = _walk(directory, found.notes)
    folder = _folder(paths, wanted, found.notes)
    used = set()
    for name in wanted:
        path = _found(name, paths, folder, wanted, found.notes)
        if path is None and name not in required:
            continue
        if path is None:
            elsewhere = [other for other in paths if other.name == PurePosixPath(name).name]
            where = (
                f" There is one at {_shown(elsewhere[0], directory)}: put all files in one folder." if elsewhere else ""
            )
            found.notes.append(f"{name} is missing from the submission.{where}")
            continue
        used.add(path)
        content = _read(path, name, found.notes)
        if content is not None:
            found.files[name] = content
    if extra := [_shown(path, directory) for path in paths if path not in used]:
        others = f" and {len(extra) - MAX_NAMED} more" if len(extra) > MAX_NAMED else ""
        found.notes.append(f"Not used: {', '.join(extra[:MAX_NAMED])}{others}. Only {together(wanted)} are graded.")
    if not found.files and [path for path in paths if path.suffix in (".zip", ".gz", ".rar", ".7z", ".tar")]:
        found.notes.append("There is an archive inside the submission: hand in the files themselves.")
    return found


def together(names: Iterable[str]) -> str:
    """File names in a phrase; those of a folder are told as the folder."""
    shown = dict.fromkeys(f"the files of {name.partition('/')[0]}/" if "/" in name else name for name in names)
    return ", ".join(sorted(shown, key=lambda name: (name.endswith("/"), name)))


def as_handed_in(result: QuestionResult, code: Path, wanted: Collection[str]) -> QuestionResult:
    """A result whose messages speak of the submission, not of the folder that the grader copied the files to.

    Args:
        result: of a question.
        code: the folder.
        wanted: names of the student files. No other file is copied, even if it was handed in.
    """

    def not_copied(found: re.Match[str]) -> str:
        if found["file"] in wanted:
            return found[0]
        return f"{found['before']}The grader takes only the files of the questions. Move your code to one of them, or"

    def told(text: str) -> str:
        missing = f"{code}. {PUT_BACK}"
        text = text.replace(missing, "the submission. Hand it in with the other files.")
        return ABSENT.sub(not_copied, text.replace(str(code), "the submission"))

    outcomes = [replace(one, message=told(one.message), evidence=told(one.evidence)) for one in result.outcomes]
    return replace(result, outcomes=outcomes)


def _walk(directory: Path, notes: list[str]) -> list[Path]:
    """Every file, near ones first, without the noise that systems and editors add; links are never followed."""
    files: list[Path] = []
    waiting, seen, unreadable = [directory], 0, 0
    while waiting:
        folder = waiting.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            unreadable += 1
            if unreadable <= MAX_NAMED:
                name = _shown(folder, directory)
                notes.append(f"The folder {name} cannot be read ({error.strerror}) and was not used.")
            continue
        for entry in entries:
            seen += 1
            if seen > MAX_ENTRIES:
                notes.append(f"The submission holds more than {MAX_ENTRIES} files; only the first ones were looked at.")
                return files
            if NOISE.fullmatch(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                files.append(Path(entry.path))
    return files


def _folder(paths: list[Path], wanted: list[str], notes: list[str]) -> Path | None:
    """The folder with the most wanted files, the nearest of several."""
    counts: dict[Path, int] = defaultdict(int)
    for path in paths:
        for name in wanted:
            package, base = PurePosixPath(name).parent.name, PurePosixPath(name).name
            if is_like(path.name, base):
                is_in_package = package and path.parent.name == package
                counts[path.parent.parent if is_in_package else path.parent] += 1
    best = max(counts.values(), default=0)
    if best == 0:
        return None
    folders = [folder for folder, count in counts.items() if count == best]
    if len(folders) > 1:
        notes.append(f"Several folders hold student files; the one graded is {_printable(folders[0].name)}.")
    return folders[0]


def _found(name: str, paths: list[Path], folder: Path | None, wanted: list[str], notes: list[str]) -> Path | None:
    """The file that was handed in for a wanted one: in its own folder, or where all the others lie."""
    if folder is None:
        return None
    package, base = PurePosixPath(name).parent.name, PurePosixPath(name).name
    bases = [PurePosixPath(other).name for other in wanted]
    for place in [folder / package, folder] if package else [folder]:
        here = {path.name: path for path in paths if path.parent == place}
        if path := here.get(base) or _misnamed(base, here, bases, notes):
            return path
    return None


def _misnamed(name: str, here: dict[str, Path], wanted: list[str], notes: list[str]) -> Path | None:
    """The one file whose name differs from the proper one as browsers and systems make it differ."""
    alike = [path for other, path in here.items() if is_like(other, name) and other not in wanted]
    if len(alike) > 1:
        names = ", ".join(_printable(path.name) for path in alike)
        notes.append(f"Several files could be {name}: {names}. None is used; hand in one, named {name}.")
    if len(alike) != 1:
        return None
    notes.append(f"{_printable(alike[0].name)} was taken for {name}; please name it {name}.")
    return alike[0]


def _read(path: Path, name: str, notes: list[str]) -> bytes | None:
    """A file's content, unless it is a link, something other than a file, or larger than anything one would write."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        notes.append(f"{name} is not an ordinary file that can be read (is it a link?); hand in the file itself.")
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            notes.append(f"{name} is not an ordinary file; hand in the file itself.")
            return None
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        notes.append(f"{name} is larger than {MAX_BYTES // 2**20} MiB and was not used. Did data end up in it?")
        return None
    return content


def _shown(path: Path, directory: Path) -> str:
    return _printable(path.relative_to(directory).as_posix())


def _printable(text: str) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
