"""What is kept of each graded submission, so that work that is done is never lost and never done twice."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from data.files import write_text
from grading import report
from grading.outcomes import GRADER, PROCESS
from staff.classroom.errors import ClassroomError
from staff.classroom.grader import Grader, digest
from staff.classroom.work import Reply, WorkItem

FORMAT = 1
GRADED, GRADER_FAILED = "graded", "grader failed"
RESULT_FIELDS = ("score", "max_score", "extra_credit", "versions", "data", "isolation")
QUESTION_FIELDS = ("id", "title", "score", "max_score", "metrics")
CHECK_FIELDS = ("name", "title", "status", "cause", "score", "max_score", "message")
MAX_NAME_CHARACTERS = 80
Record = dict[str, Any]


def record_of(item: WorkItem, reply: Reply, notes: Iterable[str], before: Record | None) -> Record:
    """What is kept of a graded submission.

    Everything but `timing` (and whether there is a report) depends on the key alone: the same files, graded in the same
    way, give the same record.

    Args:
        item: what was graded.
        reply: what came.
        notes: what was odd about the submission.
        before: the record that this one takes the place of, if it had another key.
    """
    document = reply.document
    questions = [
        {name: question[name] for name in QUESTION_FIELDS}
        | {"checks": [{name: check[name] for name in CHECK_FIELDS} for check in question["checks"]]}
        for question in document.get("questions", [])
    ]
    kept = {name: document.get(name) for name in RESULT_FIELDS}
    return {
        "format": FORMAT,
        "id": item.id,
        "state": GRADER_FAILED if reply.failure else GRADED,
        "has_report": "report.html" in reply.report,
        "failure": reply.failure,
        "key": asdict(item.key),
        "files": {name: digest(content) for name, content in sorted(item.files.items())},
        "settings": item.settings.as_dict(),
        "notes": list(notes),
        **({} if reply.failure else kept | {"questions": questions}),
        "before": _earlier(before),
        "timing": {
            "seconds": round(reply.seconds, 3),
            "questions": {q["id"]: q.get("seconds") for q in document.get("questions", [])},
            "worker": reply.worker,
            "attempts": reply.attempts,
        },
    }


def faults(record: Record) -> list[tuple[str, str, str]]:
    """The checks of a graded submission in which the project or its data failed: question, check, message."""
    return [
        (question["id"], check["name"], check["message"])
        for question in record.get("questions", [])
        for check in question["checks"]
        if check["cause"] in (GRADER, PROCESS)
    ]


def _earlier(before: Record | None) -> Record | None:
    """An earlier record without its own past."""
    if before is None or before.get("state") != GRADED:
        return None
    return {name: value for name, value in before.items() if name not in ("before", "timing")}


class Records:
    """The output folder. A reader sees each file whole, the old one or the new one.

    Args:
        path: made if it does not exist. What holds names or grades in it is closed to other users.
        identifiers: of the class's submissions.
    Raises:
        ClassroomError: the folder cannot be made.
    """

    def __init__(self, path: Path, identifiers: Iterable[str]) -> None:
        self.path = path
        self._names = _file_names(identifiers)
        try:
            if not path.exists():
                path.mkdir(mode=0o700)
            (path / "submissions").mkdir(mode=0o700, exist_ok=True)  # `path` may be an open folder that was there
            (path / "graders").mkdir(exist_ok=True)
        except OSError as error:
            raise ClassroomError(
                f"--out {path}: cannot be made or written ({error.strerror}); name a new folder in one that exists"
            ) from error

    def folder(self, identifier: str) -> Path:
        """Where a submission's files lie."""
        return self.path / "submissions" / self._names[identifier]

    def load(self, identifier: str) -> Record | None:
        """A submission's record; None if there is none that can be read."""
        try:
            record = json.loads((self.folder(identifier) / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        is_ours = isinstance(record, dict) and record.get("format") == FORMAT and record.get("id") == identifier
        return record if is_ours else None

    def save(self, record: Record, reply: Reply) -> None:
        """Keep a record with its report and what was printed. The record comes last: when it is there, all is."""
        folder = self.folder(record["id"])
        folder.mkdir(exist_ok=True)
        write_text(folder / "output.txt", reply.output, private=True)
        _replace_folder(reply.report, folder / "report")
        report.write_json(record, folder / "result.json")

    def save_grader(self, grader: Grader) -> None:
        """Note which files this grader is made of, so that a later one can say what changed."""
        report.write_json(grader.digests, self.path / "graders" / f"{grader.hash}.json")

    def grader_files(self, grader_hash: str) -> Mapping[str, str]:
        """Digests by path of a grader that graded here; empty if it is not known."""
        try:
            table = json.loads((self.path / "graders" / f"{grader_hash}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return table if isinstance(table, dict) else {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from grading into this folder at the same time; a lock dies with its process.

        Raises:
            ClassroomError: another one is at work here, or the folder cannot be written.
        """
        try:
            file = (self.path / ".lock").open("a+b")
        except OSError as error:
            raise ClassroomError(f"--out {self.path}: cannot be written ({error.strerror}: .lock)") from error
        with file:
            try:
                _lock(file.fileno())
            except OSError as error:
                raise ClassroomError(f"--out {self.path}: another run is grading into this folder") from error
            yield


def _replace_folder(files: Mapping[str, bytes], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        parts = PurePosixPath(name).parts
        if ".." not in parts and not name.startswith("/"):
            path = folder.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _file_names(identifiers: Iterable[str]) -> dict[str, str]:
    """A folder name for each submission, fit for every system; most keep their own."""
    plain = {one: re.sub(r"[^A-Za-z0-9._-]", "_", one)[:MAX_NAME_CHARACTERS].strip(".") for one in identifiers}
    taken = Counter(name.casefold() for name in plain.values())
    reserved = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
    return {
        one: name if name and name == one and taken[name.casefold()] == 1 and not reserved.fullmatch(name) else
        f"{name or 'unnamed'}-{digest(one.encode(errors='surrogatepass'))[:8]}"
        for one, name in plain.items()
    }  # fmt: skip


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
