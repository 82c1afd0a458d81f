"""Fixtures: solutions with something changed, grading a folder, the real data, a display server. See docs/testing.md."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from grading.isolation import forkserver
from tests.support import SECONDS_UNTIL_IT_HANGS, SOLUTIONS, STUDENT_FILES, Run, SharedGrader, run_autograder
from tests.warm import start as warm

# As many threads whatever runs beside: sums come out the same, and workers do not get into each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Hundreds of processes read the same files: each file is compiled once, and the asserts of each test are rewritten once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Behind `make test &` in a script, Ctrl-C is ignored, by every process that the tests start, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples every time, and none is judged by the clock.
hypothesis.settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

# Files whose tests disturb one another, or want the machine, or share what is costly to make: users of their own and
# attacks, windows and displays, the pool of words, a small bot that chats. One worker takes them all.
TOGETHER = {
    "test_at_home": "harness",
    "test_chat_gate": "chat",
    "test_chat_program": "chat",
    "test_chat_web": "chat",
    "test_classroom": "harness",
    "test_classroom_workers": "harness",
    "test_gradescope": "harness",
    "test_hostile": "harness",
    "test_pictures": "display",
    "test_release": "words",
    "test_watched_trainers": "display",
    "test_words": "words",
}
# Files whose tests share nothing costly: workers take them one by one. Any other file is one piece, for its fixtures.
ONE_BY_ONE = {
    "test_command_line",
    "test_devices_of_electives",
    "test_engine",
    "test_gpt_model",
    "test_mutants",
    "test_other_editions",
    "test_outputs",
    "test_reference",
}
# Pieces that take half a minute or more, though no test of theirs is slow.
LONG = {"chat", "display", "words", "test_electives", "test_haiku_bot", "test_new_question", "test_startup"}


def piece_of(node_id: str) -> str:
    """The piece of work that a test belongs to, such as `harness`; one worker takes all of a piece."""
    name = Path(node_id.partition("::")[0]).stem
    return node_id if name in ONE_BY_ONE else TOGETHER.get(name, name)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out pieces of work instead of tests (docs/testing.md)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByPiece(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return piece_of(nodeid)

    return ByPiece(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers take the longest pieces first, so that they end together. No file is torn apart: it shares fixtures."""
    slow = {piece_of(item.nodeid) for item in items if item.get_closest_marker("slow") is not None}

    def order(item: pytest.Item) -> tuple[bool, bool, bool]:
        piece = piece_of(item.nodeid)
        return piece != "harness", piece not in slow, piece not in LONG

    if hasattr(config, "workerinput"):
        items.sort(key=order)


Patch = Callable[..., Path]


@pytest.fixture
def patched_solutions(tmp_path: Path) -> Patch:
    """A function that copies the reference solutions and replaces pieces of text: {"models.py": [(old, new)]}."""

    def patch(changes: dict[str, list[tuple[str, str]]]) -> Path:
        directory = tmp_path / "submission"
        directory.mkdir()
        for name in STUDENT_FILES:
            shutil.copy(SOLUTIONS / name, directory / name)
        for name, replacements in changes.items():
            text = (directory / name).read_text()
            for old, new in replacements:
                assert old in text, f"{name} does not hold {old!r}"
                text = text.replace(old, new)
            (directory / name).write_text(text)
        return directory

    return patch


@pytest.fixture(scope="session")
def warm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[warm.Warm | None]:
    """A process that has imported torch and forks fork servers; None where that is not possible."""
    if not warm.is_possible():
        yield None
        return
    with warm.Warm(tmp_path_factory.mktemp("warm")) as server:
        yield server


@pytest.fixture
def warm_starts(warm_server: warm.Warm | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork servers start in milliseconds: those of this process, and those of `run_autograder`."""
    if warm_server is not None:
        monkeypatch.setenv(warm.PLACE, str(warm_server.place))
        monkeypatch.setattr(forkserver, "start", warm.start)


@pytest.fixture(scope="session")
def shared_grader() -> Iterator[SharedGrader]:
    """One engine for all tests of a worker."""
    with SharedGrader() as grader:
        yield grader


@pytest.fixture
def graded(shared_grader: SharedGrader) -> Callable[..., Run]:
    """A function that grades questions of a folder with the shared engine: `graded(directory, "q2", "q6")`."""
    return shared_grader.grade


@pytest.fixture
def grade(tmp_path: Path) -> Callable[..., Run]:
    """A function that grades a folder with the command line and returns the run with its report."""

    def run(directory: Path, *arguments: object, **keywords: Any) -> Run:
        return run_autograder("--code-directory", directory, "--json", tmp_path / "report.json", *arguments, **keywords)

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real datasets, named by NNPROJECT_DATA."""
    directory = os.environ.get("NNPROJECT_DATA")
    if not directory or not (Path(directory) / "mnist.npz").is_file():
        pytest.skip("NNPROJECT_DATA names no folder with the real datasets")
    return Path(directory)


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not open windows on a screen, and none is given up because it is slow to open."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pictures.windows.window.SECONDS_TO_OPEN", SECONDS_UNTIL_IT_HANGS)


@pytest.fixture
def display(no_display: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A display server of our own."""
    server = shutil.which("Xvfb")
    if server is None or importlib.util.find_spec("_tkinter") is None:
        pytest.skip("needs Xvfb and tkinter")
    read, write = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(write), "-screen", "0", "800x600x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as numbers:
        monkeypatch.setenv("DISPLAY", f":{numbers.readline().strip()}")
    monkeypatch.setenv("MPLBACKEND", "tkagg")
    yield
    process.kill()
    process.wait()
