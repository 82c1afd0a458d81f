"""Under the harness: what is handed in is found, what is found is graded, what is graded is reported whole."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

import jsonschema
import pytest

from grading import report
from grading.console import Console
from grading.engine import Engine, Settings
from grading.gradescope import at_home, metadata, privacy, results, run, settings, submission
from grading.gradescope.feedback import Feedback
from grading.gradescope.run import Report
from grading.gradescope.usage import Meter
from grading.outcomes import CRASHED, FAILED, NOT_FINISHED, PASSED, Outcome, QuestionResult, RunResult
from grading.questions import discover
from staff.evidence.hostile.harness import Harness, NoHarness
from tests.support import PROJECT, SOLUTIONS, eventually, run_autograder

SCHEMA = json.loads((PROJECT / "tests" / "results_schema.json").read_text(encoding="utf-8"))
WANTED = ("losses.py", "models.py", "train.py")
QUESTIONS = discover()


def validated(document: object) -> dict:
    """A results document that is valid, after the way through strict JSON."""
    again = json.loads(json.dumps(document, allow_nan=False))
    jsonschema.validate(again, SCHEMA)
    return again


def reference_files() -> dict[str, bytes]:
    return {name: (SOLUTIONS / name).read_bytes() for name in WANTED}


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    return directory


# --- finding the files


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


# --- the document


def run_with(message: str, status: str = FAILED) -> RunResult:
    first = QUESTIONS[0]
    outcomes = [Outcome(check.name, check.title, status, 0.0, check.points, message) for check in first.checks]
    return RunResult(0, {}, [QuestionResult(first.id, first.title, first.points, outcomes=outcomes)])


@pytest.fixture
def chosen() -> settings.HarnessSettings:
    return settings.load()


EVIDENCE = "Q1: should be 1; got 2."
WITH_EXPLANATION = Outcome("c", "C", FAILED, 0.0, 1.0, f"{EVIDENCE} The bias is missing.", evidence=EVIDENCE)


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("full", "Q1: should be 1; got 2. The bias is missing."),
        ("evidence", "Q1: should be 1; got 2."),
        ("name", ""),
    ],
)
def test_the_course_chooses_how_much_of_a_message_is_shown_and_staff_see_all_of_it(chosen, detail, shown):
    first = QUESTIONS[0]
    other = "full" if detail != "full" else "name"
    chosen = replace(chosen, feedback=Feedback(other, {first.id: detail}))
    outcomes = [replace(WITH_EXPLANATION, name=check.name) for check in first.checks]
    run = RunResult(0, {}, [QuestionResult(first.id, first.title, first.points, outcomes=outcomes)])
    document = validated(results.document(run, [first], chosen, [], {}))
    for test in document["tests"]:
        assert test["output"] == (results.quoted(shown) if shown else "")
        assert test["extra_data"]["message"] == WITH_EXPLANATION.message


@pytest.mark.parametrize("message", ["not implemented yet: loss (losses.py:9)", "Q1: got 2."])
@pytest.mark.parametrize("status", [FAILED, NOT_FINISHED])
def test_the_name_alone_still_tells_of_stubs_skipped_checks_and_limits(message, status):
    result = QuestionResult("q1", "T", 1.0, outcomes=[Outcome("c", "C", status, 0.0, 1.0, message)], metrics={"m": 1.0})
    shown = Feedback("name").shown(result)
    is_open = status == NOT_FINISHED or message.startswith("not implemented")
    assert shown.outcomes[0].message == (message if is_open else "")
    assert (shown.metrics, result.metrics) == ({}, {"m": 1.0})


def test_settings_name_the_detail_for_all_and_for_single_questions(tmp_path):
    path = tmp_path / "settings.toml"
    text = settings.SETTINGS_FILE.read_text(encoding="utf-8")
    path.write_text(
        text.replace('detail = "full"', 'detail = "evidence"')
        .replace("# q6 =", "q6 =")
        .replace('q6 = "evidence"', 'q6 = "name"')
    )
    feedback = settings.load(path, {}).feedback
    assert (feedback.of("q1"), feedback.of("q6")) == ("evidence", "name")
    path.write_text(text.replace('detail = "full"', 'detail = "some"'))
    with pytest.raises(settings.SettingsError, match="detail is 'some', not one of"):
        settings.load(path, {})


def test_the_document_is_valid_before_anything_is_graded_and_adds_up(chosen):
    document = validated(results.document(RunResult(0, {}), QUESTIONS, chosen, [], {}))
    possible = sum(question.points for question in QUESTIONS if not question.extra_credit)
    assert sum(test["max_score"] for test in document["tests"]) == possible
    assert document["score"] == 0
    assert all(test["status"] == "failed" for test in document["tests"])


def test_a_full_score_is_the_sum_of_its_tests(chosen):
    outcomes = {q.id: [Outcome(c.name, c.title, PASSED, c.points, c.points) for c in q.checks] for q in QUESTIONS}
    graded = [QuestionResult(q.id, q.title, q.points, q.extra_credit, outcomes[q.id]) for q in QUESTIONS]
    document = validated(results.document(RunResult(0, {}, graded), QUESTIONS, chosen, [], {}))
    assert document["score"] == sum(test["score"] for test in document["tests"])
    assert document["score"] == sum(question.points for question in QUESTIONS)


@pytest.mark.parametrize(
    "message",
    [
        "\ud800 half a character",
        "\x00\x1b[31mred\x07",
        "```\n# a heading\n<script>alert(1)</script>\n````",
        "`" * 5000,
        "x" * 1_000_000,
        "`" * 200_000,
        "\u202e reversed \u2066",
    ],
)
def test_whatever_a_students_code_says_the_document_is_valid_and_quotes_it(chosen, message):
    document = validated(results.document(run_with(message, CRASHED), QUESTIONS, chosen, [message], {}))
    assert len(json.dumps(document)) < 1_000_000
    output = document["tests"][0]["output"]
    fence = output.split("text\n")[0]
    assert set(fence) == {"`"}
    assert fence not in output[len(fence) : -len(fence)]
    assert "\x1b" not in output


def test_extra_credit_adds_to_the_score_but_not_to_what_it_is_out_of(chosen):
    from dataclasses import replace

    questions = [*QUESTIONS[:1], replace(QUESTIONS[1], extra_credit=True)]
    document = validated(results.document(RunResult(0, {}), questions, chosen, [], {}))
    assert sum(test["max_score"] for test in document["tests"]) == QUESTIONS[0].points


def test_the_leaderboard_shows_what_was_measured_and_only_that(chosen):
    graded = [QuestionResult("q3", "Digits", 5.0, metrics={"test_accuracy": 0.975})]
    document = validated(results.document(RunResult(0, {}, graded), QUESTIONS, chosen, [], {}))
    assert document["leaderboard"] == [{"name": "Digits, test accuracy", "value": 0.975, "order": "desc"}]


def test_results_are_replaced_in_one_step(tmp_path, chosen):
    written = []

    def spy(document, path):
        if path.exists():
            validated(json.loads(path.read_text()))
        report.write_json(document, path)
        written.append(validated(json.loads(path.read_text())))

    kept = Report(tmp_path / "results.json", chosen, QUESTIONS, write=spy)
    kept.save()
    kept.add(run_with("wrong").questions[0])
    assert [document["tests"][0]["output"] != "" for document in written] == [True, True]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


# --- settings and metadata


def test_the_environment_overrides_the_harness_seconds_and_the_margin_comes_off():
    margin = 600 - settings.load(environment={}).seconds
    assert margin >= 30
    assert settings.load(environment={"AUTOGRADER_SECONDS": "1200"}).seconds == 1200 - margin
    with pytest.raises(settings.SettingsError, match="leave no time"):
        settings.load(environment={"AUTOGRADER_SECONDS": "10"})


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('tests = "visible"', 'tests = "secret"', "visibility.tests is 'secret'"),
        ('order = "desc"', 'order = "down"', "is 'down', not asc or desc"),
        ("seed = 0\n", "", "lacks 'seed'"),
        ("seconds = 600", 'seconds = "long"', "could not convert"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, old, new, complaint):
    path = tmp_path / "settings.toml"
    path.write_text(settings.SETTINGS_FILE.read_text().replace(old, new, 1))
    with pytest.raises(settings.SettingsError, match=complaint):
        settings.load(path, {})


@pytest.mark.parametrize("content", ["", "[]", "{", '{"assignment": 3, "previous_submissions": {"a": 1}}', "null"])
def test_metadata_of_another_form_is_left_out(tmp_path, content):
    path = tmp_path / "submission_metadata.json"
    path.write_text(content)
    assert metadata.load(path) == metadata.Metadata()


def test_metadata_is_read_as_documented(tmp_path):
    earlier = [
        {"submission_time": "2026-03-01T10:00:00-08:00", "score": "3.0", "autograder_error": False},
        {"submission_time": "2026-03-02T09:00:00-08:00", "score": 4, "autograder_error": False, "results": {}},
        {"submission_time": "2026-03-02T09:30:00-08:00", "score": 0, "autograder_error": True},
    ]
    table = {"created_at": "2026-03-02T10:00:00.5-08:00", "assignment": {"total_points": "25.0"}}
    path = tmp_path / "submission_metadata.json"
    path.write_text(json.dumps(table | {"previous_submissions": earlier}))
    known = metadata.load(path)
    assert known.total_points == 25
    assert [score for _, score in known.previous] == [3, 4]
    assert [score for _, score in metadata.recent(known, 24)] == [4]


# --- on a student's own machine


def cost(seconds: float | None, mebibytes: int | None) -> Meter:
    meter = Meter()
    meter.seconds, meter.processor_seconds = 40.0, seconds
    meter.memory_bytes = None if mebibytes is None else mebibytes * 2**20
    return meter


@pytest.mark.parametrize(
    ("seconds", "mebibytes", "said", "unsaid"),
    [
        (100.0, 400, ["3:20 of 9:00", "400 of 768 MiB", "margin 368 MiB"], ["Too", "tight", "Tight"]),
        (240.0, 700, ["8:00 of 9:00", "Tight: a slower", "Memory is tight"], ["Too"]),
        (300.0, 800, ["10:00 of 9:00", "Too slow", "Too large", "margin -32 MiB"], ["tight"]),
        (None, None, ["1:20 of 9:00", "does not tell"], ["margin"]),
    ],
)
def test_time_and_memory_are_predicted_by_the_rule_that_is_printed(chosen, seconds, mebibytes, said, unsaid):
    text = "\n".join(at_home.prediction(cost(seconds, mebibytes), chosen, RunResult(0, {})))
    assert not [phrase for phrase in said if phrase not in text]
    assert not [phrase for phrase in unsaid if phrase in text]


def test_a_rehearsal_gives_what_the_harness_would_and_predicts_its_cost(tmp_path):
    kept = tmp_path / "results.json"
    command = ["--as-gradescope", "--code-directory", SOLUTIONS, "-q", "q1,q6", "--json", kept]
    finished = run_autograder(*command)
    assert finished.status == 0, finished.output + finished.errors
    assert validated(json.loads(kept.read_text()))["score"] == 7
    assert all(len(line) <= 80 for line in finished.output.splitlines())
    assert "losses.py, models.py, train.py" in " ".join(finished.output.split()).replace("gpt_model.py, haiku.py, ", "")
    assert "Predicted on Gradescope" in finished.output
    if sys.platform == "linux":
        assert int(finished.output.split(" of 768 MiB")[0].split()[-1]) > 0


HOLD = "block = bytearray(60 * 2**20); print('held', flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is known when processes have ended")
def test_the_memory_of_what_is_started_is_seen_while_it_is_held():
    command = [sys.executable, "-c", HOLD]
    with Meter() as meter, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        seen = meter.memory_bytes or 0
        assert eventually(lambda: (meter.memory_bytes or 0) > max(seen, 60 * 2**20))
        process.communicate(b"\n")


def test_a_file_that_would_not_be_handed_in_is_not_there_in_a_rehearsal(patched_solutions):
    directory = patched_solutions({"models.py": [("from math import sqrt", "from helpers import sqrt")]})
    (directory / "helpers.py").write_text("from math import sqrt\n")
    finished = run_autograder("--as-gradescope", "--code-directory", directory, "-q", "q6")
    assert finished.status == 1
    assert "imports helpers" in finished.output, finished.output


@pytest.mark.parametrize("flag", [["--jobs", "2"], ["--seed", "3"], ["--in-process"], ["--time-limit", "5"]])
def test_a_flag_that_would_change_what_the_harness_does_is_refused(flag):
    finished = run_autograder("--as-gradescope", *flag)
    assert finished.status == 2
    assert f"Leave out {flag[0]}" in finished.errors


# --- whole runs


@pytest.fixture(scope="module")
def harness():
    if sys.platform != "linux":
        pytest.skip("the harness is a Linux container")
    try:
        with Harness() as made:
            yield made
    except NoHarness as reason:
        pytest.skip(str(reason))


def test_the_reference_gets_full_marks_and_a_valid_document(harness):
    harness.settings(questions=["q1", "q2", "q6"])
    harness.hand_in({f"my project/{name}": content for name, content in reference_files().items()})
    finished = harness.run()
    document = validated(finished.results)
    assert document["score"] == 12, finished.output
    assert {test["status"] for test in document["tests"]} == {"passed"}
    assert document["extra_data"]["seed"] == 0
    assert {"python", "torch", "numpy"} <= set(document["extra_data"]["versions"])
    assert document["output"] == ""


def test_the_engine_is_told_to_end_when_the_harness_settings_say(tmp_path, chosen, monkeypatch):
    """What an engine does at its deadline: tests/test_hostile_peer.py. Endless loops in a harness: `endless_loop`."""
    deadlines = []

    class Noting(Engine):
        def __init__(self, asked: Settings, console: Console) -> None:
            deadlines.append(asked.deadline)
            raise InterruptedError

    monkeypatch.setattr(run, "Engine", Noting)
    before = time.monotonic()
    run.grade(tmp_path, chosen, Console(io.StringIO()))
    (deadline,) = deadlines
    assert before + chosen.seconds <= deadline <= time.monotonic() + chosen.seconds


def test_a_failure_of_the_graders_own_leaves_a_valid_document_that_says_so(harness):
    path = harness.root / "source" / "test_cases" / "q6" / "checks.py"
    good = path.read_text()
    harness.settings(questions=["q2", "q6"])
    harness.hand_in(reference_files())
    try:
        first = next(question for question in QUESTIONS if question.id == "q6").checks[0].name
        path.write_text(f"{good}\n\ndef {first}(*_):\n    raise ValueError('our own')\n")
        finished = harness.run()
    finally:
        path.write_text(good)
    document = validated(finished.results)
    assert finished.points("q2") == 5
    assert "not your fault" in document["output"]
    assert "our own" in document["extra_data"]["grader_failure"]
    assert "Traceback" in finished.output
    assert "Traceback" not in finished.text()


def test_a_grader_that_cannot_even_start_leaves_a_valid_document(harness):
    path = harness.root / "source" / "grading" / "gradescope" / "run.py"
    good = path.read_text()
    harness.hand_in(reference_files())
    try:
        path.write_text("import no_such_module\n")
        finished = harness.run()
    finally:
        path.write_text(good)
    assert validated(finished.results)["score"] == 0
    assert "could not start" in finished.results["output"]


def test_a_submission_over_the_rate_limit_keeps_the_score_before(harness):
    harness.settings(questions=["q6"], submissions=1)
    earlier = {"submission_time": "2026-03-02T09:00:00-08:00", "score": 1.5, "autograder_error": False}
    harness.hand_in(reference_files(), {"previous_submissions": [earlier]})
    try:
        document = validated(harness.run().results)
    finally:
        harness.settings(submissions=0)
    assert document["score"] == 1.5
    assert "Not graded: 1 submissions in the last 24 hours" in document["output"]


def test_an_empty_submission_scores_nothing_and_names_what_is_missing(harness):
    harness.settings(questions=["q2", "q6"])
    harness.hand_in({"__MACOSX/._models.py": "\0"})
    finished = harness.run()
    document = validated(finished.results)
    assert document["score"] == 0
    assert "models\\.py" not in document["output"]
    assert "models.py is missing from the submission." in document["output"]
    assert "Traceback" not in finished.output


def test_what_is_private_is_closed_and_never_opened_on_the_way(tmp_path, monkeypatch):
    """Others may be graded on the same machine, and their code may be waiting for the moment."""
    source = tmp_path / "source"
    files = (
        "test_cases/q1/checks.py",
        "test_cases/q1/public/probes.py",
        "hidden/digits.npz",
        "release.json",
        "models.py",
    )
    write(source, dict.fromkeys(files, ""))
    write(tmp_path, {"submission/models.py": "", "results/results.json": "", "submission_metadata.json": "{}"})
    opened, chmod = [], os.chmod

    def watched(path: Path, mode: int) -> None:
        chmod(path, mode)
        if mode & 0o077:
            opened.append(Path(path).relative_to(tmp_path).as_posix())

    monkeypatch.setattr(run, "PROJECT_DIRECTORY", source)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(os, "chmod", watched)
    run._close_off(tmp_path)
    folders = ["source", "source/test_cases", "source/test_cases/q1", "source/test_cases/q1/public"]
    assert sorted(opened) == sorted([*folders, "source/models.py", "source/test_cases/q1/public/probes.py"])
    private = (
        "source/test_cases/q1/checks.py",
        "source/hidden",
        "source/release.json",
        "submission",
        "submission_metadata.json",
    )
    if os.name == "posix":
        assert [name for name in private if (tmp_path / name).stat().st_mode & 0o077] == []


def test_compiled_checks_are_private_and_public_files_are_needed(tmp_path):
    write(tmp_path, dict.fromkeys(("test_cases/q1/__pycache__/checks.pyc", "test_cases/q1/public/probes.py"), ""))
    private = [path.relative_to(tmp_path).as_posix() for path in privacy.private_paths(tmp_path)]
    assert private == ["test_cases/q1/__pycache__"]
    assert tmp_path / "test_cases/q1/public/probes.py" in privacy.needed_paths(tmp_path)
    for path in ("test_cases/q1/__pycache__/checks.pyc", "test_cases/q1/checks.py", "hidden/digits.npz"):
        assert privacy.is_private(PurePosixPath(path))
    for path in ("test_cases/q1/public/probes.py", "test_cases/q1", "data/digits.py"):
        assert not privacy.is_private(PurePosixPath(path))


def test_an_elective_alone_is_found_without_a_false_note(tmp_path):
    found = submission.find(write(tmp_path, {"electives/optimizers.py": "x = 1\n"}), ["electives/optimizers.py"])
    assert (list(found.files), found.notes) == (["electives/optimizers.py"], [])
