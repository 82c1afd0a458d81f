"""Each submission of a class is graded once and told right, whatever happens to workers and drivers."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `staff`")
import dask
from distributed import Client, LocalCluster

from grading.checks import attempts
from grading.gradescope import settings as harness_settings
from grading.outcomes import CRASHED, GRADER, NOT_FINISHED
from grading.questions import CORE, discover
from staff.classroom import __main__, changes, cluster, grade, grade_one, grader, made_class, tables
from staff.classroom.driver import Driver
from staff.classroom.errors import ClassroomError
from staff.classroom.export import Submission
from staff.classroom.grade import Request
from staff.classroom.grader import Grader
from staff.classroom.records import Records, record_of
from staff.classroom.roster import Student
from staff.classroom.work import GradingSettings, Key, Reply, WorkItem, key_of
from staff.release import hidden
from tests.classroom import inside, rows_of, scores, write, zip_of


def test_every_student_of_a_group_has_one_row_and_the_latest_submission_counts():
    ann, ben = Student("ann", "1", "a@x"), Student("Ben", "2", "b@x")
    early = Submission("1", (replace(ann, email="A@x"),), "2026-03-01", {"models.py": b""})
    late = Submission("9", (ben, ann), "2026-03-02", {"models.py": b""})
    found = tables.standings([replace(late, id="10", students=(ben,)), late, early, Submission("3", ())])
    assert [(row.student.name, row.submission.id, row.others) for row in found] == [
        ("", "3", ()),
        ("ann", "9", ("1",)),
        ("Ben", "10", ("9",)),  # both came at once; a number that was given later is larger
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "  =1"])
def test_no_cell_is_run_as_a_formula(cell):
    (row,) = rows_of(tables.as_csv([["name"], [cell]]))
    assert row["name"] == f"'{cell}"
    assert tables.guarded("-1.5") == "-1.5"


# --- grading, with a grader that takes no time

SETTINGS = GradingSettings(("q6",))
OURS = Grader({"grading/engine.py": b"1", "test_cases/q6/checks.py": b"1"})


def reply_for(files: dict[str, bytes], worker_name: str = "here") -> Reply:
    """Full marks for a models.py that says so, no matter when and where."""
    right = b"right" in files.get("models.py", b"")
    check: dict = {"name": "formula", "title": "The output", "status": "passed" if right else "failed", "cause": ""}
    check |= {"score": 2.0 * right, "max_score": 2.0, "message": "" if right else "got <b>0.5</b>, expected 1"}
    question: dict = {
        "id": "q6",
        "title": "Attention",
        "score": 2.0 * right,
        "max_score": 2.0,
        "metrics": {},
        "seconds": 0.1,
    }
    document = {
        "score": 2.0 * right,
        "max_score": 2.0,
        "extra_credit": 0.0,
        "versions": {},
        "data": [],
        "isolation": {},
    }
    return Reply(
        document | {"questions": [question | {"checks": [check]}]},
        {"report.html": b"<p>"},
        "printed",
        worker=worker_name,
    )


def fake(item: WorkItem, plugin: str) -> Reply:
    """In place of `worker.grade`: what models.py says happens."""
    told = item.files.get("models.py", b"").decode()
    if told.startswith("die once "):
        marker = Path(told.removeprefix("die once ").strip())
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return reply_for({"models.py": b"right"})
    if told.startswith("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if told.startswith("raise"):
        raise OSError("disk full")
    if told.startswith("fail"):
        return Reply(failure="the grader ended with status 9")
    return reply_for(dict(item.files))


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0") as local,
        Client(local) as connected,
    ):
        yield connected


@pytest.fixture
def at_once(client, monkeypatch):
    """Grade with workers in this process."""

    @contextmanager
    def connected(*_: object):
        yield client, "none"

    monkeypatch.setattr(grade, "connected", connected)


def class_folder(tmp_path: Path, **models: str) -> Path:
    return write(tmp_path / "class", {f"{name}/models.py": content for name, content in models.items()})


def do(tmp_path: Path, call=fake, ours: Grader = OURS, **flags) -> int:
    request = Request(tmp_path / "class", tmp_path / "out", questions=("q6",), **flags)
    return grade.grade(request, call, ours)


CALLS: list[str] = []


def counting(item: WorkItem, plugin: str) -> Reply:
    CALLS.append(item.id)
    return fake(item, plugin)


def strict(item: WorkItem, plugin: str) -> Reply:
    return reply_for({})


def fixed(item: WorkItem, plugin: str) -> Reply:
    return reply_for({"models.py": b"right"})


@pytest.fixture
def calls() -> list[str]:
    CALLS.clear()
    return CALLS


def test_what_is_graded_is_not_graded_again_and_a_cut_off_record_is(tmp_path, at_once, calls):
    class_folder(tmp_path, ann="right", ben="wrong", carl="right")
    assert do(tmp_path, counting) == 0
    table = (tmp_path / "out" / "scores.csv").read_bytes()
    record = tmp_path / "out" / "submissions" / "ben" / "result.json"
    record.write_text(record.read_text()[:50])
    (tmp_path / "out" / "submissions" / "carl" / "result.json").unlink()
    assert do(tmp_path, counting) == 0
    assert sorted(calls) == ["ann", "ben", "ben", "carl", "carl"]
    assert (tmp_path / "out" / "scores.csv").read_bytes() == table
    assert scores(tmp_path) == {"ann": "2", "ben": "0", "carl": "2"}
    assert (tmp_path / "out" / "submissions" / "ann" / "report" / "report.html").read_bytes() == b"<p>"


def test_submissions_that_cannot_be_read_are_rows_with_a_reason_and_the_others_are_graded(tmp_path, at_once, capsys):
    class_folder(tmp_path, ann="right", ben="wrong")
    (tmp_path / "class" / "carl.zip").write_bytes(b"PK, not really")
    (tmp_path / "class" / "dora.rar").write_bytes(b"Rar!")
    zip_of(tmp_path / "class" / "ann.zip", {"homework/models.py": "right"})
    assert do(tmp_path) == 1
    rows = rows_of((tmp_path / "out" / "scores.csv").read_bytes())
    assert [(row["submission"], row["state"], row["score"]) for row in rows] == [
        ("ann", "graded", "2"),
        ("ann.zip", "graded", "2"),
        ("ben", "graded", "0"),
        ("carl", "could not be read", ""),
        ("dora", "could not be read", ""),
    ]
    assert rows[3]["notes"] == "carl.zip could not be unpacked (BadZipFile): it is no whole zip archive."
    assert "  dora: not graded: dora.rar is an archive of a kind that is not read" in capsys.readouterr().out
    assert "2 submissions could not be read." in (tmp_path / "out" / "summary.html").read_text()
    (tmp_path / "class" / "carl.zip").unlink()
    (tmp_path / "class" / "dora.rar").unlink()
    assert do(tmp_path) == 0


def test_a_changed_submission_is_graded_again_and_only_that(tmp_path, at_once, calls):
    class_folder(tmp_path, ann="right", ben="wrong")
    do(tmp_path, counting)
    class_folder(tmp_path, ben="right now")
    do(tmp_path, counting)
    assert sorted(calls) == ["ann", "ben", "ben"]
    (change,) = rows_of((tmp_path / "out" / "changes.csv").read_bytes())
    assert (change["name"], change["before"], change["after"], change["points"]) == ("ben", "failed", "passed", "2")
    assert change["why"] == "submission: models.py"


def test_another_grader_or_setting_is_refused_until_asked_for_and_then_tells_what_changed(tmp_path, at_once, capsys):
    class_folder(tmp_path, ann="right", ben="wrong")
    do(tmp_path)
    stricter = Grader(dict(OURS.files) | {"test_cases/q6/checks.py": b"2"})

    with pytest.raises(ClassroomError, match=r"(?s)2 results .* test_cases/q6/checks\.py.*--regrade"):
        do(tmp_path, strict, stricter)
    with pytest.raises(ClassroomError, match="setting seed: 0 to 3"):
        do(tmp_path, strict, seed=3)
    capsys.readouterr()
    assert do(tmp_path, strict, stricter, regrade=True) == 0
    assert "ann: q6 formula: passed -> failed (-2)  because of grader" in capsys.readouterr().out
    (change,) = rows_of((tmp_path / "out" / "changes.csv").read_bytes())
    assert (change["name"], change["points"]) == ("ann", "-2")
    assert change["why"].endswith("test_cases/q6/checks.py")
    assert "What grading again changed" in (tmp_path / "out" / "summary.html").read_text()


def test_the_key_changes_with_each_file_each_setting_and_each_grader_file():
    one = Submission("1", (), "", {"models.py": b"1"})
    key = key_of(one, OURS, SETTINGS)
    assert key == key_of(replace(one, id="2", created="later"), OURS, SETTINGS)
    others = [
        key_of(replace(one, files={"models.py": b"2"}), OURS, SETTINGS),
        key_of(replace(one, files={"train.py": b"1"}), OURS, SETTINGS),
        key_of(replace(one, notes=("odd",)), OURS, SETTINGS),
        key_of(one, Grader({**OURS.files, "grading/engine.py": b"2"}), SETTINGS),
        key_of(one, OURS, replace(SETTINGS, seed=1)),
        key_of(one, OURS, replace(SETTINGS, time_limit_seconds=5)),
        key_of(one, OURS, replace(SETTINGS, versions={"torch": "2"})),
    ]
    assert len({key, *others}) == 8


def test_the_grader_is_what_gradescope_gets_with_the_data_that_is_named(tmp_path):
    plain = grader.load()
    assert {grader.ENTRY, "grading/engine.py", "test_cases/q1/question.toml"} <= set(plain.files)
    assert not [path for path in plain.files if path.startswith(("staff/", "tests/"))]
    write(tmp_path, {"digits.npz": "1", "words.npz": "2"})
    with_hidden = grader.load(hidden_directory=tmp_path)
    assert with_hidden.files["hidden/words.npz"] == b"2"
    assert with_hidden.hash != plain.hash != grader.load(data_directory=tmp_path).hash
    with pytest.raises(ClassroomError, match="--hidden-directory"):
        grader.load(hidden_directory=tmp_path / "none")


def test_an_elective_that_is_graded_needs_its_own_hidden_split(tmp_path):
    write(tmp_path, {"digits.npz": "1", "words.npz": "2"})
    (path,) = hidden.own_paths({"e5"})
    with pytest.raises(ClassroomError, match=path.removeprefix("hidden/")):
        grader.load(hidden_directory=tmp_path, question_ids=("q1", "e5"))
    write(tmp_path, {path.removeprefix("hidden/"): "3"})
    assert grader.load(hidden_directory=tmp_path, question_ids=("q1", "e5")).files[path] == b"3"


def noting_questions(item: WorkItem, plugin: str) -> Reply:
    CALLS.extend(item.settings.questions)
    return fake(item, plugin)


def test_the_questions_that_nobody_names_are_those_of_gradescope(tmp_path, at_once, calls):
    class_folder(tmp_path, ann="right")
    grade.grade(Request(tmp_path / "class", tmp_path / "out"), noting_questions, OURS)
    assert calls == [question.id for question in discover() if question.group == CORE]


def test_seed_and_attempts_are_those_of_gradescope_unless_named(tmp_path, at_once, monkeypatch):
    course = replace(harness_settings.load(environment={}), seed=7, attempts=1)
    monkeypatch.setattr(harness_settings, "load", lambda environment: course)
    class_folder(tmp_path, ann="right")
    for flags, seed in (({}, 7), ({"seed": 0, "regrade": True}, 0)):
        do(tmp_path, **flags)
        record = json.loads((tmp_path / "out" / "submissions" / "ann" / "result.json").read_text())
        assert record["settings"]["seed"] == seed
    order = {"private": [], "seed": 7, "time_limit_seconds": None, "report": False}
    assert grade_one._settings(tmp_path, tmp_path, tmp_path, order).attempts == 1


def broken_check(item: WorkItem, plugin: str) -> Reply:
    """One check fails by the grader's fault; the message of the other is the student's, who wrote the same words."""
    reply = reply_for(dict(item.files))
    checks = reply.document["questions"][0]["checks"]
    checks[0] |= {"status": CRASHED, "message": f"Q6: {attempts.OUR_FAULT} (ValueError)."}
    ours = {
        "name": "causal",
        "title": "The mask",
        "score": 0.0,
        "max_score": 1.0,
        "status": NOT_FINISHED,
        "cause": GRADER,
    }
    checks.append(ours | {"message": f"Q6: {attempts.OUR_FAULT} (KeyError)."})
    return reply


def test_a_check_that_fails_by_the_graders_fault_is_told_to_staff(tmp_path, at_once, capsys):
    class_folder(tmp_path, ann="right")
    assert do(tmp_path, broken_check) == 1
    assert scores(tmp_path, "state") == {"ann": f"graded, but in q6 the {tables.NOT_STUDENTS_FAULT}"}
    assert capsys.readouterr().out.count("q6 causal: the grader failed, not the student: Q6: the check itself") == 1
    page = (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")
    assert "<b>1 check failed by the grader's fault" in page


def test_a_failing_grader_is_tried_again_and_then_told_apart_from_a_failing_student(tmp_path, at_once, calls, capsys):
    class_folder(tmp_path, ann="right", ben="fail", carl="raise")
    assert do(tmp_path, counting) == 1
    assert calls.count("ben") == calls.count("carl") == 3
    rows = {row["name"]: row for row in rows_of((tmp_path / "out" / "scores.csv").read_bytes())}
    assert rows["ben"]["state"] == tables.NOT_STUDENTS_FAULT
    assert rows["ben"]["score"] == ""
    assert "carl: the grader failed, not the student: OSError on the worker: disk full" in capsys.readouterr().out
    class_folder(tmp_path, ben="fail")
    assert do(tmp_path, fixed) == 0  # a failure is never final
    assert scores(tmp_path) == {"ann": "2", "ben": "2", "carl": "2"}


def test_a_grader_that_fails_on_everything_stops_at_once(tmp_path, at_once, calls):
    class_folder(tmp_path, **{f"s{number}": "fail" for number in range(20)})
    with pytest.raises(ClassroomError, match="fails on every submission: the grader ended with status 9"):
        do(tmp_path, counting)
    assert len(calls) < 20


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_worker_that_dies_is_replaced_its_submission_tried_elsewhere_and_then_reported(tmp_path):
    """Slow because workers are processes that must start, and start again."""
    items = [
        WorkItem(name, Key("", "", ""), {"models.py": content.encode()}, SETTINGS, 60)
        for name, content in {"a": "right", "b": f"die once {tmp_path / 'died'}", "c": "die", "d": "wrong"}.items()
    ]
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        cluster._cluster(2) as local,
        Client(local) as processes,
    ):
        replies = {item.id: reply for item, reply in Driver(processes, "none", fake).run(items)}
    assert {name: reply.failure for name, reply in replies.items() if reply.failure} == {
        "c": "every worker that began to grade this died"
    }
    assert [replies[name].document["score"] for name in "abd"] == [2.0, 2.0, 0.0]


def test_what_was_sent_to_workers_is_not_kept_and_interrupts_are_left_to_the_driver():
    """Else the driver of a large class grows by every submission's files. One has a name that is no text in UTF-8."""
    names = [*"1234", "caf\udce9"]
    items = [WorkItem(name, Key("", "", ""), {"models.py": b"right"}, SETTINGS, 60) for name in names]
    with cluster.connected(None, 1, Grader({})) as (client, plugin):
        assert sorted(item.id for item, _ in Driver(client, plugin, fake).run(items)) == names
        assert not client.scheduler_comm.recent_message_log
        assert list(client.run(signal.getsignal, signal.SIGINT).values()) == [signal.SIG_IGN]


# --- the records and the page


def test_names_that_no_file_system_takes_or_tells_apart_get_folders_of_their_own(tmp_path):
    identifiers = ["Ann", "ann", "con", "a/../b", "", "é" * 200, "caf\udce9", "caf\udcea", "12"]
    records = Records(tmp_path / "out", identifiers)
    folders = [records.folder(one).name.casefold() for one in identifiers]
    assert len(set(folders)) == len(identifiers)
    assert folders[-1] == "12"
    assert all(records.folder(one).parent == tmp_path / "out" / "submissions" for one in identifiers)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_names_and_grades_are_closed_to_others_in_a_folder_that_was_open(tmp_path, at_once):
    class_folder(tmp_path, ann="right")
    (tmp_path / "out").mkdir(mode=0o755)
    do(tmp_path)
    open_to_others = [path for path in (tmp_path / "out").iterdir() if path.stat().st_mode & 0o077]
    assert {path.name for path in open_to_others} <= {"graders", ".lock"}


def test_results_do_not_go_into_the_export(tmp_path, calls):
    """There they would be a submission of the next run."""
    folder = class_folder(tmp_path, ann="right")
    for out in (folder, folder / "out", folder / "ann" / "out"):
        with pytest.raises(ClassroomError, match="lies in .*; name a folder beside it"):
            grade.grade(Request(folder, out, questions=("q6",)), counting, OURS)
    assert calls == []
    assert [path.name for path in folder.iterdir()] == ["ann"]


@pytest.mark.parametrize(
    "in_the_way", [".lock", "submissions", f"graders/{OURS.hash}.json", "submissions/ann/result.json", "scores.csv"]
)
def test_what_cannot_be_written_is_told_with_words(tmp_path, at_once, in_the_way):
    class_folder(tmp_path, ann="right")
    path = tmp_path / "out" / in_the_way
    if in_the_way == "submissions":
        write(tmp_path / "out", {in_the_way: "a file"})
    else:
        path.mkdir(parents=True)
    with pytest.raises(ClassroomError, match=r"--out .*out: cannot "):
        do(tmp_path)


def test_only_one_run_at_a_time_grades_into_a_folder(tmp_path):
    first, second = Records(tmp_path / "out", []), Records(tmp_path / "out", [])
    with first.locked(), pytest.raises(ClassroomError, match="another run"), second.locked():
        pass
    with second.locked():
        pass


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.targets += [value for name, value in attributes if name in ("href", "src")]


def test_the_page_needs_nothing_else_quotes_what_students_wrote_and_its_links_lead_somewhere(tmp_path, at_once):
    class_folder(tmp_path, ann="right", ben="fail", **{"<script>alert(1)": "wrong"})
    do(tmp_path)
    text = (tmp_path / "out" / "summary.html").read_text()
    page = Links()
    page.feed(text)
    assert "script" not in page.tags
    assert "b" not in [tag for tag in page.tags if "got <b>" in text]
    assert "got &lt;b&gt;0.5&lt;/b&gt;, expected 1" in text
    assert "The grader failed on 1 submission," in text
    assert page.targets
    assert all((tmp_path / "out" / target).is_file() for target in page.targets)


def test_records_are_the_same_whoever_graded(tmp_path):
    item = WorkItem("1", Key("a", "b", "c"), {"models.py": b"right"}, SETTINGS, 60)
    replies = [
        replace(reply_for(dict(item.files), name), seconds=seconds) for name, seconds in (("x", 1.0), ("y", 2.0))
    ]
    one, other = (record_of(item, reply, [], None) for reply in replies)
    assert one.pop("timing") != other.pop("timing")
    assert json.dumps(one) == json.dumps(other)


def test_a_check_that_is_new_or_gone_counts_as_changed(tmp_path):
    item = WorkItem("1", Key("a", "b", "c"), {"models.py": b"right"}, SETTINGS, 60)
    before = record_of(item, reply_for({}), [], None)
    after = record_of(replace(item, key=Key("a", "b2", "c")), reply_for({"models.py": b"right"}), [], before)
    after["questions"][0]["checks"][0]["name"] = "renamed"
    found = changes.of_record(after, Records(tmp_path / "out", ["1"]))
    assert [(one.check, one.before, one.after) for one in found] == [
        ("renamed", changes.NOTHING, "passed"),
        ("formula", "failed", changes.NOTHING),
    ]


def test_a_class_that_cannot_be_graded_is_refused_with_words(tmp_path, capsys):
    write(tmp_path / "class", inside("ann"))
    command = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out")]
    assert __main__.main([*command, "-q", "q99"]) == 2
    assert "there is no question q99; the questions are q1" in capsys.readouterr().err
    assert __main__.main(["grade", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    for flag in ("--seed=-1", "--workers=0", "--time-limit=nan"):
        with pytest.raises(SystemExit, match="2"):
            __main__.main([*command, flag])


@pytest.mark.parametrize("flags", [["-q", "q1,q6"], ["-q", "q1", "-q", "Q6"], ["--questions", " q1, ,q6 "]])
def test_questions_are_named_as_on_the_autograders_command_line(tmp_path, monkeypatch, flags):
    asked = []
    monkeypatch.setattr("staff.classroom.grade.grade", lambda request: asked.append(request.questions) or 0)
    assert __main__.main(["grade", str(tmp_path), "--out", str(tmp_path / "out"), *flags]) == 0
    assert asked == [("q1", "q6")]


def test_nothing_that_is_there_is_written_over_by_a_made_class_or_a_bench(tmp_path, capsys):
    (tmp_path / "class.zip").write_bytes(b"a real class")
    write(tmp_path / "work" / "project", {"thesis.txt": "mine"})
    assert __main__.main(["make-class", str(tmp_path / "class.zip")]) == 2
    assert "class.zip: is there already; name a new folder or zip" in capsys.readouterr().err
    assert (tmp_path / "class.zip").read_bytes() == b"a real class"
    for keep in (tmp_path / "work", tmp_path / "none" / "keep"):
        assert __main__.main(["bench", "--keep", str(keep)]) == 2
        assert "name a new folder" in capsys.readouterr().err
    assert (tmp_path / "work" / "project" / "thesis.txt").read_text() == "mine"


def test_only_grading_says_that_what_is_graded_is_kept(tmp_path, capsys, monkeypatch):
    def interrupted(out: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(made_class, "write", interrupted)
    assert __main__.main(["make-class", str(tmp_path / "class")]) == 130
    assert "kept" not in capsys.readouterr().err
