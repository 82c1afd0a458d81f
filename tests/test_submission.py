"""What is handed in is found, however it was packed, and what is odd about it is told."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from grading.gradescope import submission
from tests.classroom import WANTED, write


def test_files_at_the_top_are_found_without_a_word(tmp_path):
    found = submission.find(write(tmp_path, dict.fromkeys(WANTED, "x = 1\n")), WANTED)
    assert sorted(found.files) == list(WANTED)
    assert found.notes == []


def test_files_in_a_folder_in_a_folder_are_found_and_noise_is_passed_over(tmp_path):
    files = {f"project/code/{name}": "x = 1\n" for name in WANTED}
    noise = {f"__MACOSX/project/code/._{name}": "\0" for name in WANTED} | {"project/.DS_Store": "\0"}
    found = submission.find(write(tmp_path, files | noise), WANTED)
    assert sorted(found.files) == list(WANTED)
    assert found.notes == []


@pytest.mark.parametrize("name", ["Models.py", "models (1).py", "models-2.py", "models copy.py", "models.py.txt"])
def test_a_file_misnamed_by_a_browser_or_system_is_taken_and_told(tmp_path, name):
    found = submission.find(write(tmp_path, {name: "x = 1\n", "losses.py": "", "train.py": ""}), WANTED)
    assert found.files["models.py"] == b"x = 1\n"
    assert found.notes == [f"{name} was taken for models.py; please name it models.py."]


def test_of_two_misnamed_files_none_is_taken(tmp_path):
    found = submission.find(write(tmp_path, {"models (1).py": "", "models (2).py": "", "train.py": ""}), WANTED)
    assert "models.py" not in found.files
    assert "Several files could be models.py: models (1).py, models (2).py" in " ".join(found.notes)


def test_a_missing_file_that_no_graded_question_asks_for_is_not_named(tmp_path):
    found = submission.find(write(tmp_path, {"models.py": ""}), WANTED, {"models.py"})
    assert sorted(found.files) == ["models.py"]
    assert found.notes == []


def test_a_missing_file_is_named_and_where_another_of_its_name_lies(tmp_path):
    found = submission.find(write(tmp_path, {"models.py": "", "losses.py": "", "old/train.py": ""}), WANTED)
    assert sorted(found.files) == ["losses.py", "models.py"]
    text = "train.py is missing from the submission. There is one at old/train.py: put all files in one folder."
    assert text in found.notes


def test_files_that_are_not_graded_are_named(tmp_path):
    files = dict.fromkeys([*WANTED, "grading/__init__.py", "numpy.py"], "")
    found = submission.find(write(tmp_path, files), WANTED)
    assert sorted(found.files) == list(WANTED)
    text = "Not used: numpy.py, grading/__init__.py. Only losses.py, models.py, train.py are graded."
    assert found.notes == [text]


def test_the_files_of_a_folder_are_told_as_the_folder(tmp_path):
    electives = ("electives/graphs.py", "electives/optimizers.py")
    files = dict.fromkeys([*WANTED, *electives, "numpy.py"], "")
    found = submission.find(write(tmp_path, files), (*electives, *WANTED))
    assert found.notes == [
        "Not used: numpy.py. Only losses.py, models.py, train.py, the files of electives/ are graded."
    ]


def test_a_huge_file_is_refused_and_told(tmp_path):
    write(tmp_path, {"models.py": "#" * (submission.MAX_BYTES + 1), "losses.py": "", "train.py": ""})
    found = submission.find(tmp_path, WANTED)
    assert sorted(found.files) == ["losses.py", "train.py"]
    assert found.notes == ["models.py is larger than 1 MiB and was not used. Did data end up in it?"]


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and pipes")
def test_links_and_pipes_are_never_followed(tmp_path):
    handed_in = tmp_path / "submission"
    write(handed_in, {"losses.py": ""})
    (tmp_path / "secret.py").write_text("labels = 1\n")
    (handed_in / "models.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(handed_in / "train.py")
    (handed_in / "loop").symlink_to(handed_in)
    found = submission.find(handed_in, WANTED)
    assert sorted(found.files) == ["losses.py"]
    assert "models.py is not an ordinary file that can be read (is it a link?)" in " ".join(found.notes)
    assert "train.py is not an ordinary file" in " ".join(found.notes)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    """Root may list every folder, so that the refusal is arranged."""
    write(tmp_path, {"models.py": "", "old/train.py": ""})
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "old":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = submission.find(tmp_path, WANTED)
    assert sorted(found.files) == ["models.py"]
    assert found.notes[0] == "The folder old cannot be read (Permission denied) and was not used."


def test_an_archive_inside_the_submission_is_told(tmp_path):
    (tmp_path / "project.zip").write_bytes(b"PK")
    found = submission.find(tmp_path, WANTED)
    assert found.files == {}
    assert "There is an archive inside the submission: hand in the files themselves." in found.notes


def test_a_flood_of_files_is_looked_at_only_so_far(tmp_path):
    for number in range(submission.MAX_ENTRIES + 10):
        (tmp_path / f"{number}.txt").touch()
    notes = submission.find(tmp_path, WANTED).notes
    assert f"The submission holds more than {submission.MAX_ENTRIES} files" in notes[0]
    assert all(len(note) < 1000 for note in notes)


def test_an_elective_alone_is_found_without_a_false_note(tmp_path):
    found = submission.find(write(tmp_path, {"electives/optimizers.py": "x = 1\n"}), ["electives/optimizers.py"])
    assert (list(found.files), found.notes) == (["electives/optimizers.py"], [])
