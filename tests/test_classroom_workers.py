"""Real workers of a class grade real submissions, and end everything that a withdrawn one started."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `staff`")

from staff.classroom import __main__, grader, worker
from staff.classroom.work import GradingSettings, Key, WorkItem
from staff.interpreter import NoInterpreter, interpreter
from staff.release.starters import strip_solutions
from tests.classroom import inside, scores, write
from tests.support import SECONDS_UNTIL_IT_HANGS, SOLUTIONS, eventually

SETTINGS = GradingSettings(("q6",))


@pytest.fixture
def confinable() -> None:
    try:
        interpreter()
    except NoInterpreter as reason:
        pytest.skip(str(reason))


def test_real_submissions_are_graded_by_one_command_and_at_once_the_second_time(
    tmp_path, confinable, capsys, monkeypatch
):
    """Slow because the reference, the starter and an empty one each get a process that imports torch."""
    ours = grader.load()
    monkeypatch.setattr(grader, "load", lambda *_: ours)  # an edit of the grader meanwhile changes nothing
    reference = {name: (SOLUTIONS / name).read_text() for name in ("models.py", "electives/optimizers.py")}
    starter = {name: strip_solutions(text) for name, text in reference.items()}
    write(tmp_path / "class", inside("right", reference) | inside("starter", starter))
    (tmp_path / "class" / "empty").mkdir()
    command = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "-q", "q6,e1", "--workers", "2"]
    assert __main__.main([*command, "--no-reports"]) == 0
    assert scores(tmp_path) == {"empty": "0", "right": "6", "starter": "0"}  # as Gradescope adds up core and electives
    assert set(scores(tmp_path, "max_score").values()) == {"6"}
    assert scores(tmp_path, "e1") == {"empty": "0", "right": "4", "starter": "0"}
    record = json.loads((tmp_path / "out" / "submissions" / "starter" / "result.json").read_text())
    assert "not implemented yet" in record["questions"][0]["checks"][0]["message"]
    assert str(tmp_path) not in json.dumps(record)
    capsys.readouterr()
    assert __main__.main([*command, "--no-reports"]) == 0
    assert "3 graded before, 0 to grade" in capsys.readouterr().out


@pytest.fixture
def open_folder():
    """A folder that students' users can reach: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.name == "nt", reason="looks for processes as Linux and macOS list them")
def test_a_submission_that_is_withdrawn_ends_with_everything_that_it_started(open_folder, confinable):
    plugin = worker.UnpackedGrader("grader", grader.load().files)
    local = type("Local", (), {"local_directory": str(open_folder)})
    plugin.setup(local)
    files = {"models.py": b"print('it loops', flush=True)\nwhile True: pass\n"}
    item = WorkItem("1", Key("", "", ""), files, SETTINGS, SECONDS_UNTIL_IT_HANGS)

    def loops() -> bool:
        return any(b"it loops" in path.read_bytes() for path in plugin.place.glob("orders/*/output.txt"))

    def nothing_is_left() -> bool:
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has just ended
                lines.append(path.read_bytes())
        return not any(str(plugin.place).encode() in line for line in lines)

    reply = worker.run(plugin.place, item, loops)
    assert reply.failure == worker.WITHDRAWN
    assert eventually(nothing_is_left)
    plugin.teardown(local)
    assert not plugin.place.exists()
