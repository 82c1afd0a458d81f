"""The results that Gradescope reads: valid whatever comes, as the course chooses; settings and metadata are read."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from grading import report
from grading.checks import attempts
from grading.gradescope import __main__ as program
from grading.gradescope import metadata, results, run, settings
from grading.gradescope.feedback import Feedback
from grading.gradescope.results_file import Report
from grading.gradescope.settings import SettingsError
from grading.outcomes import (
    CRASHED,
    FAILED,
    GRADER,
    NOT_FINISHED,
    PASSED,
    PROCESS,
    STUB,
    WAITS,
    Outcome,
    QuestionResult,
    RunResult,
)
from grading.questions import discover
from tests.results import validated

QUESTIONS = discover()


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


@pytest.mark.parametrize("cause", [STUB, ""])
@pytest.mark.parametrize("status", [FAILED, NOT_FINISHED])
def test_the_name_alone_still_tells_of_stubs_skipped_checks_and_limits(cause, status):
    message = "not implemented yet: loss (losses.py:9)"  # which a student's code may print as well
    outcome = Outcome("c", "C", status, 0.0, 1.0, message, cause=cause)
    result = QuestionResult("q1", "T", 1.0, outcomes=[outcome], metrics={"m": 1.0})
    shown = Feedback("name").shown(result)
    is_open = status == NOT_FINISHED or cause == STUB
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
    with pytest.raises(settings.SettingsError, match="detail is 'some'; it should be one of"):
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


def test_an_assignment_without_the_questions_of_the_leaderboard_has_no_leaderboard(chosen):
    electives = [question for question in QUESTIONS if question.group == "elective"]
    document = validated(results.document(RunResult(0, {}), electives, chosen, [], {}))
    assert "leaderboard" not in document
    assert [entry.question for entry in settings.outside(electives, chosen)] == ["q3", "q4"]
    waiting = validated(results.document(RunResult(0, {}), QUESTIONS, chosen, [], {}))
    assert waiting["leaderboard"] == []


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


@pytest.mark.parametrize(
    ("status", "cause", "message", "is_ours"),
    [
        (NOT_FINISHED, GRADER, f"Q2: {attempts.OUR_FAULT} (KeyError).", True),
        (NOT_FINISHED, GRADER, f"{attempts.DATA_FAULT}: memory.npz is missing", True),
        (NOT_FINISHED, WAITS, "skipped: fix 'The loss' first", False),
        (CRASHED, "", f"ValueError: {attempts.DATA_FAULT}", False),  # a student may write the same words
        (NOT_FINISHED, PROCESS, f"Q2: {attempts.TOLD_FAULT}. probe x", False),  # a student's process may report it
    ],
)
def test_staff_are_told_of_a_check_that_failed_by_the_graders_fault(tmp_path, status, cause, message, is_ours):
    kept = Report(tmp_path / "results.json", settings.load(environment={}), QUESTIONS)
    result = run_with("wrong").questions[0]
    outcome = replace(result.outcomes[0], status=status, cause=cause, message=message, evidence="")
    kept.add(replace(result, outcomes=[outcome]))
    assert ("grader_failure" in kept.extra_data) == is_ours
    assert any("not your fault" in note for note in kept.notes) == is_ours


def test_a_fault_that_a_students_process_reports_is_kept_for_the_staff_and_the_submission_counts(tmp_path):
    kept = Report(tmp_path / "results.json", settings.load(environment={}), QUESTIONS)
    result = run_with(f"Q1: {attempts.TOLD_FAULT}. probe x", NOT_FINISHED).questions[0]
    kept.add(replace(result, outcomes=[replace(result.outcomes[0], evidence="probe x", cause=PROCESS)]))
    assert kept.extra_data["reported_fault"] == ["probe x"]
    assert "grader_failure" not in kept.extra_data, "what metadata.recent leaves out of the limit"


def test_a_disk_that_is_full_for_a_while_costs_no_result(tmp_path, chosen):
    is_full = False

    def write(document, path):
        if is_full:
            raise OSError(errno.ENOSPC, "no room")
        report.write_json(document, path)

    first, second = run_with("wrong").questions[0], replace(run_with("wrong").questions[0], id="q3")
    kept = Report(tmp_path / "results.json", chosen, QUESTIONS, write=write)
    kept.save()
    is_full = True
    kept.add(first)
    is_full = False
    kept.add(second)
    told = json.loads((tmp_path / "results.json").read_text())["extra_data"]["questions"]
    assert list(told) == [first.id, "q3"]


def test_staff_are_told_of_every_fault_of_the_grader(tmp_path):
    kept = Report(tmp_path / "results.json", settings.load(environment={}), QUESTIONS)
    for fault in ("KeyError: 'x'", "OSError: the disk is full"):
        kept.note_fault(fault)
    assert kept.extra_data["grader_failure"] == "KeyError: 'x'; OSError: the disk is full"


# --- settings and metadata


def test_the_environment_overrides_the_harness_seconds_and_the_margin_comes_off():
    margin = 600 - settings.load(environment={}).seconds
    assert margin >= 30
    assert settings.load(environment={"AUTOGRADER_SECONDS": "1200"}).seconds == 1200 - margin
    with pytest.raises(settings.SettingsError, match="leave no time; raise time.seconds or AUTOGRADER_SECONDS"):
        settings.load(environment={"AUTOGRADER_SECONDS": "10"})


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('tests = "visible"', 'tests = "secret"', "visibility.tests is 'secret'; it should be one of visible, hidden"),
        ('order = "desc"', 'order = "down"', "order is 'down'; it should be one of asc, desc"),
        ('metric = "test_accuracy"', "metric = 3", "leaderboard: metric is 3; it should be a text"),
        ('metric = "test_accuracy"', "", "an entry of [[leaderboard]] lacks 'metric'"),
        ('metric = "test_accuracy"', 'metrik = "a"', "[[leaderboard]] is 'metrik'; it should be one of name, question"),
        ("seed = 0\n", "", "the part [grading] lacks 'seed'"),
        ("seed = 0\n", "seed = true\n", "grading.seed is True; it should be a whole number of 0 or more"),
        ("attempts = 3", "attempts = 0", "grading.attempts is 0; it should be a whole number of 1 or more"),
        ("seconds = 600", 'seconds = "long"', "time.seconds is 'long'; it should be a number above 0"),
        ("margin_seconds = 60", "margin_seconds = -1", "time.margin_seconds is -1; it should be a number of 0 or more"),
        ("processors = 0.5", "processors = nan", "time.processors is nan; it should be a number above 0"),
        ("student_mebibytes = 560", "student_mebibytes = 0", "memory.student_mebibytes is 0; it should be a whole"),
        ("submissions = 0", "submissions = -3", "rate_limit.submissions is -3; it should be a whole number of 0 or"),
        ("hours = 24", "hours = 0", "rate_limit.hours is 0; it should be a number above 0"),
        ("questions = []", 'questions = "q1"', "grading.questions is 'q1'; it should be a list such as"),
        ("[rate_limit]", "[rate_limits]", "a part is 'rate_limits'; it should be one of time, memory, grading"),
        ("hours = 24", "hours = 24\nours = 3", "an entry of [rate_limit] is 'ours'; it should be one of submissions"),
        ('detail = "full"', 'detail = "all"', "feedback.detail is 'all'; it should be one of full, evidence, name"),
        ("# q6 =", "q6 = 3 #", "feedback.questions.q6 is 3; it should be one of full, evidence, name"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, old, new, complaint):
    path = tmp_path / "settings.toml"
    text = settings.SETTINGS_FILE.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(settings.SettingsError, match=re.escape(complaint)):
        settings.load(path, {})


def test_seconds_of_the_environment_that_are_no_number_are_named():
    with pytest.raises(settings.SettingsError, match="AUTOGRADER_SECONDS is 'long'; it should be a number of seconds"):
        settings.load(environment={"AUTOGRADER_SECONDS": "long"})


def entry(**changes: str) -> settings.LeaderboardEntry:
    return settings.LeaderboardEntry(**{"name": "B", "question": "q3", "metric": "test_accuracy", "order": "desc"} | changes)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"questions": ("q1", "q77")}, "a question of grading.questions is 'q77'; it should be one of q1, q2, q3,"),
        (
            {"feedback": Feedback("full", {"q66": "name"})},
            "a question of [feedback.questions] is 'q66'; it should be one of q1, q2,",
        ),
        ({"leaderboard": (entry(question="q33"),)}, "leaderboard 'B': question is 'q33'; it should be one of q1, q2,"),
        (
            {"leaderboard": (entry(metric="tset_accuracy"),)},
            "leaderboard 'B': metric is 'tset_accuracy'; it should be one of test_accuracy",
        ),
        (
            {"leaderboard": (entry(question="q2", metric="passes"),)},
            "leaderboard 'B': metric is 'passes'; it should be one of loss",
        ),
        (
            {"leaderboard": (entry(question="q6"),)},
            "leaderboard 'B': metric is 'test_accuracy'; it should be left out: there is nothing to choose",
        ),
    ],
)
def test_a_setting_that_names_no_question_or_metric_is_told_with_those_there_are(chosen, changes, complaint):
    with pytest.raises(settings.SettingsError, match=re.escape(complaint)):
        settings.assigned(QUESTIONS, replace(chosen, **changes))


def test_the_shipped_settings_name_questions_and_metrics_that_exist(chosen):
    assert [question.id for question in settings.assigned(QUESTIONS, chosen)] == [
        question.id for question in QUESTIONS if question.group == "core"
    ]
    assert settings.outside(settings.assigned(QUESTIONS, chosen), chosen) == []


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
        {
            "submission_time": "2026-03-02T09:40:00-08:00",
            "score": 1,
            "results": {"extra_data": {"grader_failure": "disk full"}},
        },
    ]
    table = {"created_at": "2026-03-02T10:00:00.5-08:00", "assignment": {"total_points": "25.0"}}
    path = tmp_path / "submission_metadata.json"
    path.write_text(json.dumps(table | {"previous_submissions": earlier}))
    known = metadata.load(path)
    assert known.total_points == 25
    assert [score for _, score in known.previous] == [3, 4]
    assert [score for _, score in metadata.recent(known, 24, 9)] == [4]


def test_submissions_that_the_limit_refused_do_not_count_against_it():
    at = partial(datetime, 2026, 3, 2, tzinfo=UTC)
    hours = [at(8), at(9), at(10), at(11)]  # two are allowed in 24 hours: the last two were refused
    known = metadata.Metadata(previous=tuple((moment, 3.0) for moment in hours), submitted=at(12))
    assert metadata.recent(known, 24, 2) == [(at(8), 3.0), (at(9), 3.0)]
    later = replace(known, submitted=at(8) + timedelta(hours=24, minutes=5))
    assert metadata.recent(later, 24, 2) == [(at(9), 3.0)]


@pytest.mark.parametrize("fault", [SettingsError("settings.toml: threads is no number"), KeyError("ours")])
def test_where_nothing_could_be_graded_the_student_is_told_that_it_is_not_their_fault(
    fault, tmp_path, monkeypatch, capsys
):
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(run, "grade", fail)
    assert program.main(["--root", str(tmp_path)]) == 0
    document = validated(json.loads((tmp_path / "results" / "results.json").read_text()))
    assert (document["score"], document["tests"], document["visibility"]) == (0.0, [], "visible")
    assert "This is not your fault: please tell the course staff." in document["output"].replace("\\", "")
    assert document["extra_data"] == {"grader_failure": str(fault)}
    assert str(fault) in capsys.readouterr().out, "what the staff see"


def test_a_folder_of_the_harness_that_does_not_exist_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["--root", str(tmp_path / "none")])
    assert ended.value.code == 2
    assert f"--root {tmp_path / 'none'}: this folder does not exist" in capsys.readouterr().err


def test_the_files_of_an_assignment_are_those_that_its_questions_need():
    """A submission of elective 12 without the GPT of question 7 is told which file is missing."""
    known = discover()
    chosen = [question for question in known if question.id == "e12"]
    assert run.student_files(chosen, known) == {"electives/assistant.py", "gpt_model.py", "models.py"}
