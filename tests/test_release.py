"""What is shipped: exactly what should be, nothing that must not, the same bytes every time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data import Library
from staff.release import __main__ as program
from staff.release import build, course, hidden
from staff.release import repository as repository_files
from staff.release.manifest import TOP_LEVEL, ReleaseError, audience, starters_of
from staff.release.repository import files_of_working_tree
from staff.release.starters import BEGIN, END, starters
from tests.classroom import write
from tests.support import PROJECT, SOLUTIONS

SECRET = "a secret of this test"
COMMIT = "0" * 40
PLAIN_LOOP = re.compile(r"for \w+ in range\(\w+\):")  # gives nothing away


@pytest.fixture(scope="module")
def repository() -> dict[str, bytes]:
    try:
        return files_of_working_tree()
    except ReleaseError as error:
        pytest.skip(f"needs a git checkout: {error}")


@pytest.fixture(scope="module")
def hidden_files() -> dict[str, bytes]:
    pytest.importorskip("wordfreq", reason="the hidden words are drawn from wordfreq's lists")
    return hidden.files(SECRET)


@pytest.fixture(scope="module")
def archives(repository, hidden_files) -> dict[str, bytes]:
    """Both archives as they are written."""
    return {
        "student": build.zipped(build.student_files(repository), build.STUDENT_FOLDER),
        "autograder": build.zipped(build.autograder_files(repository, hidden_files, COMMIT)),
    }


@pytest.fixture(scope="module")
def released(archives) -> dict[str, dict[str, bytes]]:
    """Both archives, read back: content by member."""
    return {name: contents(archive) for name, archive in archives.items()}


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        return {name: members.read(name) for name in members.namelist()}


def solution_lines() -> set[str]:
    """Every line of a solution region that is long enough to be somebody's work."""
    lines = set()
    for path in SOLUTIONS.rglob("*.py"):
        inside = False
        for line in path.read_text(encoding="utf-8").splitlines():
            inside = (inside or line.strip() == BEGIN) and line.strip() != END
            if inside and len(line.strip()) >= 24 and not PLAIN_LOOP.fullmatch(line.strip()):
                lines.add(line.strip())
    return lines


def test_no_solution_mutant_attack_test_or_history_is_shipped(released):
    lines = solution_lines() - {line.strip() for text in starters().values() for line in text.splitlines()}
    assert len(lines) > 40
    for archive, files in released.items():
        for name, content in files.items():
            assert not re.search(r"(^|/)((staff|tests|\.git|\.ci|__pycache__)(/|$)|docs/(?!students/))", name), (
                archive,
                name,
            )
            assert not re.search(r"solution|mutant|hostile|Makefile|pyproject", name), (archive, name)
            assert b"SOLUTION" not in content, (archive, name)
            if not name.endswith((".npz", ".npy", ".zip", ".png")):
                shipped = {line.strip() for line in content.decode().splitlines()}
                assert not lines & shipped, (archive, name, lines & shipped)
                assert not re.search(r"\b(mutants?|hostile)\b", content.decode()), (archive, name)


def test_the_hidden_split_and_the_harness_stay_out_of_the_student_archive(released, hidden_files):
    secret = set(hidden_files.values())
    for name, content in released["student"].items():
        assert content not in secret
        assert not re.search(r"/(hidden/|setup\.sh|run_autograder|release\.json)", name), name
    assert {"setup.sh", "run_autograder", "hidden/digits.npz", "hidden/words.npz"} <= set(released["autograder"])


def test_the_student_archive_is_one_folder_with_unfilled_starters(released):
    files = released["student"]
    assert {name.split("/")[0] for name in files} == {build.STUDENT_FOLDER}
    for name, content in starters().items():
        assert files[f"{build.STUDENT_FOLDER}/{name}"].decode() == content


def test_the_hand_out_is_shipped_to_students_as_it_is_and_to_nobody_else(released, repository):
    students = {name.partition("/")[2]: content for name, content in released["student"].items()}
    hand_out = [name for name in repository if name.startswith("docs/students/")]
    hand_out += [name for name in repository if re.fullmatch(r"test_cases/\w+/README\.md", name)]
    assert len(hand_out) > 20
    assert {name: students.get(name) for name in hand_out} == {name: repository[name] for name in hand_out}
    assert students["README.md"] == repository["STUDENTS.md"]
    assert {name for name in students if name.endswith(".md")} - {*hand_out, "README.md"} == {"data/SOURCES.md"}
    assert {name for name in released["autograder"] if name.endswith((".md", ".png"))} == {"data/SOURCES.md"}


def test_the_student_archive_is_small(archives):
    assert len(archives["student"]) < 11e6


def test_the_release_fills_the_tables_of_the_hand_out(repository):
    path = "test_cases/q1/question.toml"
    changed = dict(repository) | {path: repository[path].replace(b"points = 2", b"points = 4")}
    students = build.student_files(changed)
    assert b"| [q1 Perceptron](test_cases/q1/README.md) | 7 |" in students["README.md"]
    assert b"Together: 7 points." in students["test_cases/q1/README.md"]


def test_a_question_that_is_gone_but_has_figures_is_told(repository):
    without = {path: content for path, content in repository.items() if not path.startswith("test_cases/e5/")}
    with pytest.raises(
        ReleaseError, match=r"docs/figures.toml has figures of e5, and there is no test_cases/e5: remove"
    ):
        build.student_files(without)


def test_a_question_without_a_page_stops_the_release(repository):
    without = {name: content for name, content in repository.items() if name != "test_cases/q1/README.md"}
    with pytest.raises(ReleaseError, match=r"test_cases/q1/README\.md is missing"):
        build.student_files(without)


def test_the_secret_is_in_neither_archive(released):
    for files in released.values():
        assert not [name for name, content in files.items() if SECRET.encode() in content]


def test_a_top_level_file_that_nobody_decided_on_stops_the_release():
    with pytest.raises(ReleaseError, match=r"answers\.txt is not in staff/release/manifest\.py"):
        audience("answers.txt")


def test_a_forbidden_file_in_a_shipped_folder_stops_the_release():
    for path in ("data/.secret", "grading/old_solutions.py", "test_cases/q1/checks.py.orig"):
        with pytest.raises(ReleaseError, match="may never be"):
            audience(path)


def test_every_tracked_top_level_name_is_decided_on(repository):
    assert {path.split("/")[0] for path in set(repository) - starters_of(repository)} <= set(TOP_LEVEL)


def test_a_starter_that_holds_a_solution_stops_the_release(repository):
    filled = dict(repository) | {"models.py": (SOLUTIONS / "models.py").read_bytes()}
    with pytest.raises(ReleaseError, match=r"models\.py is not the starter"):
        build.student_files(filled)


def test_the_same_files_give_the_same_bytes(repository, hidden_files, archives):
    backwards = dict(reversed(list(repository.items())))
    assert build.zipped(build.autograder_files(backwards, hidden_files, COMMIT)) == archives["autograder"]
    assert hidden.files(SECRET) == hidden_files


def test_the_harness_scripts_are_executable_and_at_the_root(archives):
    with zipfile.ZipFile(io.BytesIO(archives["autograder"])) as members:
        modes = {member.filename: member.external_attr >> 16 & 0o777 for member in members.infolist()}
    assert {name for name, mode in modes.items() if mode == 0o755} == {"setup.sh", "run_autograder"}
    assert set(modes.values()) == {0o755, 0o644}


def test_hidden_examples_are_in_no_shipped_split(hidden_files):
    library = Library()
    digits, words = library.load("digits"), library.load("words")
    with np.load(io.BytesIO(hidden_files["hidden/digits.npz"])) as stored:
        assert stored["x"].shape == (5000, 784)
        hidden_images = {row.tobytes() for row in stored["x"]}
    for split in (digits.train, digits.validation, digits.test):
        assert not hidden_images & {row.tobytes() for row in split.x}
    with np.load(io.BytesIO(hidden_files["hidden/words.npz"])) as stored:
        hidden_words = {tuple(row[row >= 0]) for row in stored["x"]}
    assert len(hidden_words) == 500
    for split in (words.train, words.validation, words.test):
        assert not hidden_words & {tuple(row[row >= 0]) for row in split.x}


def test_no_row_of_the_hidden_split_is_in_the_student_archive(released, hidden_files):
    """Every table of images or words in it is looked at row by row, and the bytes of every other file."""
    with np.load(io.BytesIO(hidden_files["hidden/digits.npz"])) as stored:
        images = {row.tobytes() for row in stored["x"]}
    with np.load(io.BytesIO(hidden_files["hidden/words.npz"])) as stored:
        words = {tuple(row[row >= 0]) for row in stored["x"]}
    pieces = [image[300:500] for image in images]
    assert all(b"\0" in piece for piece in pieces)  # paper: most files hold no such byte, and need no look
    rows_seen = 0
    for name, content in released["student"].items():
        if not name.endswith(".npz"):
            assert b"\0" not in content or not [piece for piece in pieces if piece in content], name
            continue
        with np.load(io.BytesIO(content)) as stored:
            tables = [stored[key] for key in stored.files if stored[key].ndim == 2]
        for table in tables:
            rows_seen += len(table)
            if table.shape[1] == 784:
                assert not images & {row.tobytes() for row in table.astype(np.uint8)}, name
            elif table.shape[1] == 10:
                assert not words & {tuple(row[row >= 0]) for row in table}, name
    assert rows_seen > 80_000


def test_another_secret_draws_other_examples(monkeypatch):
    monkeypatch.setattr(hidden, "TEST_DIGITS", 20)
    assert hidden.digits_file("another secret") != hidden.digits_file(SECRET) == hidden.digits_file(SECRET)


def test_a_release_without_a_secret_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("NNPROJECT_HIDDEN_SEED", raising=False)
    command = [sys.executable, "-m", "staff.release", str(tmp_path / "out")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert finished.returncode == 2
    assert "needs a secret of at least 8 characters" in finished.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changed", "told"), [(["a.toml"], "in a.toml. Commit"), (["a", "b", "c"], "in a and 2 more. Com")]
)
def test_changes_that_are_not_committed_are_named_as_not_released(tmp_path, monkeypatch, capsys, changed, told):
    monkeypatch.setattr(program, "files_of_commit", lambda commit: {})
    monkeypatch.setattr(program, "changed_files", lambda commit: changed)
    monkeypatch.setattr(program, "commit_id", lambda commit: "")
    monkeypatch.setattr(course, "notes", lambda repository: [])
    monkeypatch.setattr(hidden, "files", lambda seed: {})
    for name in ("student_files", "autograder_files"):
        monkeypatch.setattr(program, name, lambda *_: {})
    program.build(tmp_path, SECRET, "HEAD")
    assert f"not in it: changes that are not committed, {told}" in capsys.readouterr().out


def test_what_would_be_written_is_refused_before_any_work(tmp_path, monkeypatch):
    """Another hidden split than the commit's own, and a folder that cannot be written."""
    monkeypatch.setattr(program, "files_of_commit", lambda commit: {})
    monkeypatch.setattr(program, "changed_files", lambda commit: ["README.md", "test_cases/e5/public/data.py"])
    with pytest.raises(ReleaseError, match=r"test_cases/e5/public/data\.py differs from HEAD: commit the change"):
        program.build(tmp_path / "out", SECRET, "HEAD")
    monkeypatch.setattr(program, "changed_files", lambda commit: ["README.md"])
    (tmp_path / "autograder.zip").mkdir()
    with pytest.raises(IsADirectoryError):
        program.build(tmp_path, SECRET, "HEAD")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('question = "q3"', 'question = "q33"', "question is 'q33'; it should be one of q1, q2,"),
        ('metric = "test_accuracy"', 'metric = "tset_accuracy"', "'tset_accuracy'; it should be one of test_accuracy"),
        ("# q6 =", "q66 =", "a question of [feedback.questions] is 'q66'; it should be one of q1"),
        (
            "submissions = 0",
            "submissions = -3",
            "rate_limit.submissions is -3; it should be a whole number of 0 or more",
        ),
        ("seed = 0", "sead = 0", "an entry of [grading] is 'sead'; it should be one of seed, attempts, questions"),
    ],
)
def test_settings_that_do_not_fit_are_refused_and_nothing_is_written(
    repository, tmp_path, monkeypatch, capsys, old, new, complaint
):
    text = repository[course.SETTINGS].decode()
    assert old in text
    changed = repository | {course.SETTINGS: text.replace(old, new, 1).encode()}
    monkeypatch.setattr(program, "files_of_commit", lambda commit: changed)
    monkeypatch.setattr(program, "changed_files", lambda commit: [])
    assert program.main([str(tmp_path / "out"), "--hidden-seed", SECRET]) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert re.match(r"staff\.release: error: (grading/gradescope/)?settings\.toml: ", told)
    assert not any((tmp_path / "out").iterdir())


def test_a_release_of_electives_says_what_it_leaves_out_of_the_leaderboard(repository):
    (core,) = course.notes(repository)
    assert core.startswith("the assignment: q1, q2, q3, q4, q5, q6, q7, q8, ")
    text = repository[course.SETTINGS].decode().replace("questions = []", 'questions = ["e1", "e5", "q4"]')
    questions, *left_out = course.notes(repository | {course.SETTINGS: text.encode()})
    assert questions == "the assignment: q4, e1, e5, 13 points"
    assert left_out == [
        "left out of the leaderboard: 'Digits, test accuracy' is of q3, which the assignment does not have "
        "(grading/gradescope/settings.toml, [[leaderboard]])"
    ]


def test_a_question_that_builds_on_a_deleted_one_stops_the_release_and_says_what_to_change(repository):
    without = {name: content for name, content in repository.items() if not name.startswith("test_cases/q6/")}
    with pytest.raises(ReleaseError) as told:
        course.notes(without)
    assert str(told.value) == (
        "test_cases/q7/question.toml: requires q6, and there is no such question. Take q6 out of `requires`, or put "
        "test_cases/q6 back"
    )


def test_what_is_left_of_a_deleted_question_is_told(repository):
    without = {name: content for name, content in repository.items() if not name.startswith("test_cases/e3/")}
    assert [note for note in course.notes(without) if "no question" in note] == [
        "a student file of no question: electives/regularization.py. Take staff/solutions/electives/regularization.py "
        "and electives/regularization.py away, unless students should have it"
    ]


def test_the_files_of_the_project_are_those_that_git_knows_and_new_ones_in_its_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(repository_files, "PROJECT_DIRECTORY", tmp_path)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x"]
    for name in ("kept", "changed", "gone"):
        (tmp_path / name).write_text("before")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    write(tmp_path, {"changed": "after", "data/new.py": "", "class.zip": "a class", "graded/scores.csv": ""})
    write(tmp_path, {"staff/solutions/electives/one.py": "", "electives/one.py": ""})
    (tmp_path / "gone").unlink()
    new = ["data/new.py", "staff/solutions/electives/one.py"]
    assert repository_files.changed_files("HEAD") == ["changed", *new[:1], "gone", *new[1:]]
    here = ["changed", "data/new.py", "electives/one.py", "kept", "staff/solutions/electives/one.py"]
    assert list(repository_files.files_of_working_tree()) == here  # a class in the project's folder is no part of it
    with pytest.raises(ReleaseError, match="git failed: .*nosuch"):
        repository_files.changed_files("nosuch")


def test_a_broken_file_of_figures_stops_the_release_with_words(repository):
    with pytest.raises(ReleaseError, match=r"docs/figures\.toml: TOMLDecodeError"):
        build.student_files({**repository, "docs/figures.toml": b"x = ["})


def test_the_unzipped_student_folder_works_at_once(released, tmp_path):
    for name, content in released["student"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    folder = tmp_path / build.STUDENT_FOLDER
    command = [sys.executable, str(folder / "autograder.py"), "-q", "q2", "-q", "q6", "--no-graphics"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert finished.returncode == 1, finished.stderr
    assert "not implemented yet: AttentionBlock" in finished.stdout
    assert "Traceback" not in finished.stdout + finished.stderr
    readme = Path(folder / "README.md").read_text(encoding="utf-8")
    assert "| [q1 Perceptron](test_cases/q1/README.md) | 5 |" in readme
    assert "make demo" not in readme
