"""A harness's layout in a temporary root, as Gradescope makes it: for trying the release out as it will run."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from grading.isolation.sandbox import SECONDS_TO_REMOVE, remove
from staff.interpreter import NoInterpreter, interpreter
from staff.release import build
from staff.release.repository import files_of_working_tree

METADATA = {
    "id": 1,
    "created_at": "2026-03-02T10:00:00.000000-08:00",
    "submission_method": "upload",
    "users": [{"email": "student@example.org", "id": 7, "name": "A Student"}],
    "assignment": {"title": "Neural networks", "total_points": None, "id": 3, "course_id": 2},
    "previous_submissions": [],
}
SECONDS_BETWEEN_LOOKS = 0.02  # a student process lives longer


class NoHarness(Exception):
    """This machine cannot run the harness as the graders' machine would; the text says why."""


@dataclass(frozen=True)
class Finished:
    """What a run left behind.

    Attributes:
        results: results.json, parsed; None if it is missing or no JSON.
        status: of run_autograder.
        output: what it printed.
    """

    results: dict[str, Any] | None
    status: int
    output: str

    def points(self, question: str) -> float:
        """What a question was given."""
        assert self.results is not None
        return sum(test["score"] for test in self.results["tests"] if test["extra_data"]["question"] == question)

    def text(self) -> str:
        """Everything a student would read."""
        assert self.results is not None
        return "\n".join([self.results.get("output", ""), *(test["output"] for test in self.results["tests"])])


class Harness:
    """A root with the unpacked autograder.zip. Use as a context manager: leaving it removes the root.

    Args:
        hidden: the hidden files; None draws none, and the shipped test split is graded.
        archive: an autograder.zip made before, with what it hides; None makes one.
        source: of another harness that has not run yet: it is copied, and nothing is unpacked.
    Raises:
        NoHarness: there is no Python here that student processes could use.
    """

    def __init__(
        self, hidden: Mapping[str, bytes] | None = None, archive: bytes | None = None, source: Path | None = None
    ) -> None:
        try:
            self._python, self._python_path = interpreter()
        except NoInterpreter as reason:
            raise NoHarness(str(reason)) from reason
        self.root = Path(tempfile.mkdtemp(prefix="nn-harness-"))
        self.root.chmod(0o755)
        (self.root / "source").mkdir(mode=0o700)  # the grader opens it; until then another harness may be attacked
        if source is not None:
            shutil.copytree(source, self.root / "source", dirs_exist_ok=True)  # 0o700 as well
            return
        with zipfile.ZipFile(BytesIO(archive or autograder_archive(hidden or {}))) as members:
            members.extractall(self.root / "source")
        compileall.compile_dir(self.root / "source", quiet=2)  # as setup.sh does
        for name in ("setup.sh", "run_autograder"):
            (self.root / "source" / name).chmod(0o755)

    @property
    def python(self) -> str:
        """The Python that run_autograder calls."""
        return self._python

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        remove(self.root, SECONDS_TO_REMOVE)

    def settings(self, **values: object) -> None:
        """Change entries of settings.toml by name, such as `submissions=2`."""
        change_settings(self.root / "source", **values)

    def hand_in(self, files: Mapping[str, str | bytes], metadata: Mapping[str, Any] | None = None) -> None:
        """Replace the submission, and clear the results and whatever a run before has left."""
        for name, mode in (("submission", 0o700), ("results", 0o700), ("tmp", 0o755)):
            remove(self.root / name, SECONDS_TO_REMOVE)
            (self.root / name).mkdir(mode=mode, exist_ok=True)
        for name, content in files.items():
            path = self.root / "submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        table = METADATA | dict(metadata or {})
        path = self.root / "submission_metadata.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(table), encoding="utf-8")

    def run(self, seconds: float = 600, timeout: float = 700, enter: Callable[[], None] | None = None) -> Finished:
        """Run run_autograder as the harness would.

        Args:
            seconds: what it is told that the harness waits.
            timeout: after which this fails.
            enter: called in its process before it starts, to put it under limits.
        """
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "AUTOGRADER_ROOT": str(self.root),
            "AUTOGRADER_PYTHON": self.python,
            "AUTOGRADER_SECONDS": str(seconds),
            "TMPDIR": str(self.root / "tmp"),  # its own, so that what stays in it is known to be of this run
            "SECRET_OF_THE_HARNESS": "6b1f-token",
            **({"PYTHONPATH": self._python_path} if self._python_path else {}),
        }
        finished = subprocess.run(
            ["bash", str(self.root / "source" / "run_autograder")],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            preexec_fn=enter,
        )
        try:
            results = json.loads((self.root / "results" / "results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            results = None
        return Finished(results, finished.returncode, finished.stdout)

    @contextmanager
    def followed(self) -> Iterator[set[int]]:
        """While the block runs, note which users student processes have here: they own their working folders."""
        users: set[int] = set()
        done = threading.Event()

        def look() -> None:
            while not done.wait(SECONDS_BETWEEN_LOOKS):
                with suppress(OSError):  # folders come and go meanwhile
                    for folder in (self.root / "tmp").glob("nn-grading-*/work-*"):
                        if owner := folder.stat().st_uid:  # it is root's for a moment
                            users.add(owner)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield users
        finally:
            done.set()
            thread.join()


def change_settings(source: Path, **values: object) -> None:
    """Change entries of settings.toml in an unpacked autograder.zip by name, such as `submissions=2`."""
    path = source / "grading" / "gradescope" / "settings.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in values.items():
        places = [place for place, line in enumerate(lines) if line.startswith(f"{name} = ")]
        assert len(places) == 1, f"settings.toml holds {name} {len(places)} times"
        lines[places[0]] = f"{name} = {json.dumps(value)}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def autograder_archive(hidden: Mapping[str, bytes]) -> bytes:
    """The working tree's autograder.zip with these hidden files."""
    return build.zipped(build.autograder_files(files_of_working_tree(), hidden, "working tree"))
