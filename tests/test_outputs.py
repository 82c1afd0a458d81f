"""Where results go: files, devices, pipes and standard output; terminals that lack characters; exit statuses."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data import files
from grading import cli
from grading.arguments import UsageError
from grading.session.result_files import ResultFiles
from startup import launch
from tests.chargpt import SMALL, program_in_an_empty_folder  # noqa: F401 - a fixture
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS, run_autograder
from tests.warm import start as warm

pytestmark = pytest.mark.usefixtures("warm_starts")
posix = pytest.mark.skipif(os.name != "posix", reason="needs devices, pipes and links")
Q6 = ("-q", "q6", "--code-directory")


def status_of(*arguments: object) -> int:
    """The command line's exit status, in this process: for what is written to files."""
    return cli.main([*Q6, str(SOLUTIONS), "--no-graphics", *map(str, arguments)])


@pytest.fixture
def talkative(tmp_path: Path) -> Path:
    """Solutions that print while they are graded."""
    folder = tmp_path / "submission"
    shutil.copytree(SOLUTIONS, folder)
    (folder / "models.py").write_text((SOLUTIONS / "models.py").read_text() + "\nprint('models.py speaks')\n")
    return folder


@pytest.mark.parametrize(
    ("name", "flags"), [("-", []), ("-", ["--in-process"]), pytest.param("/dev/stdout", [], marks=posix)]
)
def test_standard_output_gets_the_results_and_nothing_else(talkative, name, flags):
    finished = run_autograder(*Q6, talkative, f"--json={name}", *flags)
    assert finished.status == 0
    assert json.loads(finished.output)["score"] == 2
    assert "models.py speaks" in finished.errors
    assert "q6  Attention" in finished.errors


def test_standard_output_may_be_a_file(tmp_path):
    command = [sys.executable, warm.AUTOGRADER, "--no-graphics", *Q6, SOLUTIONS, "--json", "-"]
    with (tmp_path / "results.json").open("wb") as file:
        finished = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, timeout=SECONDS_UNTIL_IT_HANGS)
    assert finished.returncode == 0
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 2


@posix
def test_a_rehearsal_writes_to_standard_output_as_well():
    finished = run_autograder("--as-gradescope", *Q6, SOLUTIONS, "--json", "-")
    assert json.loads(finished.output)["tests"]
    assert "Predicted on Gradescope" in finished.errors


@posix
def test_a_device_is_written_to_and_stays_one():
    assert status_of("--json", "/dev/null") == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@posix
def test_a_pipe_gets_one_document_when_the_run_is_over(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    assert status_of("--json", pipe) == 0
    reader.join(timeout=SECONDS_UNTIL_IT_HANGS)
    assert json.loads(read[0])["score"] == 2
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "results.json")
    assert status_of("--json", tmp_path / "link") == 0
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 2


@posix
def test_a_disk_that_is_full_costs_no_result():
    finished = run_autograder(*Q6, SOLUTIONS, "--json", "/dev/full")
    assert finished.status == 2
    assert "2/2" in finished.output
    assert finished.errors == (
        "autograder.py: error: --json /dev/full: cannot be written (the disk is full). The results above are complete.\n"
    )


def refuse() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_that_cannot_be_written_any_more_is_told_once_and_in_the_end(capsys):
    kept = ResultFiles()
    kept.add("--json x", refuse)
    kept.write()
    kept.write()
    assert capsys.readouterr().err == "--json x: cannot be written (the disk is full). Grading goes on.\n"
    with pytest.raises(UsageError, match=r"^--json x: cannot be written \(the disk is full\). The results above are"):
        kept.__exit__(None)
    assert capsys.readouterr().err == ""


def test_a_file_that_can_be_written_again_is_no_error():
    failing = iter([True, False, False])
    with ResultFiles() as kept:
        kept.add("--json x", lambda: refuse() if next(failing) else None)
        kept.write()


@pytest.mark.parametrize(("kind", "expected"), [(None, 1), (KeyboardInterrupt, 1), (ZeroDivisionError, 0)])
def test_what_is_written_in_the_end_is_written_after_ctrl_c_and_not_after_a_fault_of_ours(kind, expected):
    kept, written = ResultFiles(), []
    kept.add("--json -", lambda: written.append(1), at_the_end=True)
    kept.write()
    assert written == []
    kept.__exit__(kind)
    assert len(written) == expected


@pytest.mark.parametrize("flag", ["--json", "--report"])
def test_a_file_in_the_place_of_a_folder_is_told_before_grading(tmp_path, flag):
    (tmp_path / "file").touch()
    finished = run_autograder(*Q6, SOLUTIONS, flag, tmp_path / "file" / "results")
    assert (finished.status, finished.output) == (2, "")
    assert f"{flag} {tmp_path / 'file' / 'results'}: cannot " in finished.errors
    assert "a file is in the place of a folder" in finished.errors


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("flag", ["--json", "--report"])
def test_a_folder_that_can_only_be_read_is_told_before_grading(tmp_path, flag):
    tmp_path.chmod(0o500)
    finished = run_autograder(*Q6, SOLUTIONS, flag, tmp_path / "results")
    assert (finished.status, finished.output) == (2, "")
    assert "you have no permission to write there" in finished.errors


def test_writability_is_tried_without_a_trace(tmp_path):
    (tmp_path / "kept").write_text("content")
    files.require_writable(tmp_path / "kept", 1000)
    files.require_writable(tmp_path / "new")
    files.require_writable(tmp_path / "deep" / "er" / "new", make_parents=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "er", "kept"]
    assert (tmp_path / "kept").read_text() == "content"
    for path, error in ((tmp_path, IsADirectoryError), (tmp_path / "none" / "x", FileNotFoundError)):
        with pytest.raises(error):
            files.require_writable(path)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        files.require_writable(tmp_path / "kept", 2**62)
    assert (tmp_path / "kept").read_text() == "content"


@pytest.mark.parametrize("backend", ["no_such_backend", "module://notebook.backend"])  # each other report has none
def test_a_report_is_drawn_whatever_mplbackend_says(tmp_path, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    finished = run_autograder(*Q6, SOLUTIONS, "--report", tmp_path / "out")
    assert (finished.status, finished.errors) == (0, "")
    assert (tmp_path / "out" / "report.html").read_text().count("<img ") > 0


def test_a_report_without_matplotlib_has_everything_but_pictures(tmp_path, monkeypatch):
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError('gone', name='matplotlib')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    finished = run_autograder(*Q6, SOLUTIONS, "--report", tmp_path / "out")
    assert (finished.status, finished.errors) == (0, "")
    told = [line for line in finished.output.splitlines() if "matplotlib" in line]
    assert len(told) == 1
    assert told[0].startswith("The report will have no pictures. matplotlib is not installed. Run: ")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Attention" in page
    assert "<img " not in page


SPEAKS = "def main():\n    print('wheel \u2192 caf\u00e9 \u96e8')\n    print('heard', ascii(input()))\n    return 0\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("ascii", "wheel ? caf? ?"), ("cp1252", "wheel ? caf\u00e9 ?"), ("utf-8", "wheel \u2192 caf\u00e9 \u96e8")],
)
def test_characters_that_an_output_lacks_become_question_marks_in_every_program(tmp_path, encoding, said):
    (tmp_path / "speaks.py").write_text(SPEAKS, encoding="utf-8")
    program = (
        f"import sys; sys.path.append({str(tmp_path)!r}); from startup.launch import run; run('chat.py', 'speaks')"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        input=b"\xff\xfe\n",
        capture_output=True,
        timeout=SECONDS_UNTIL_IT_HANGS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.decode(encoding).splitlines()[0] == said
    assert b"heard" in finished.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_chargpt_writes_a_text_that_the_output_has_no_characters_for(run, tmp_path, monkeypatch, capsys, encoding):
    """In this process, with standard output as every program sets it up first (the test above)."""
    (tmp_path / "text.txt").write_text("\u96e8 \u2192 caf\u00e9\n" * 300, encoding="utf-8")
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding=encoding))
    launch.tolerate_odd_characters()
    assert run("--text", "text.txt", "--steps", 1, "--no-graphics", *SMALL) == 0
    sys.stdout.flush()
    assert capsys.readouterr().err == ""
    assert b"?" in output.getvalue()
    assert b"validation loss" in output.getvalue()


def test_nothing_implemented_is_less_than_every_check_passed_also_where_there_are_no_points(tmp_path):
    for flags in ([], ["--as-gradescope"]):
        finished = run_autograder("-q", "q7", "--json", tmp_path / "results.json", *flags)
        assert finished.status == 1, flags
    assert run_autograder("-q", "q7", "-q", "q6").status == 1
