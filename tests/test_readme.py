"""The lists of questions and the pages of questions say what the questions are."""

from __future__ import annotations

import ast
import re

import pytest

from grading.gradescope.run import SECONDS_FOR_THE_LAST_WORD
from grading.isolation import process, sandbox
from grading.questions import CORE, ELECTIVE, discover
from staff.texts import tables
from tests.support import PROJECT
from tests.texts import commands, folders_of, read, repository

README = (PROJECT / "README.md").read_text(encoding="utf-8")
STUDENTS = (PROJECT / "STUDENTS.md").read_text(encoding="utf-8")
SECTIONS = ["What is graded", "How to run it", "What to try next"]
MAX_README_LINES = 150
QUESTIONS = {question.id: question for question in discover()}


@pytest.fixture(params=list(QUESTIONS))
def question(request):
    return QUESTIONS[request.param]


def hand_out(question_id: str) -> str:
    return (PROJECT / "test_cases" / question_id / "README.md").read_text(encoding="utf-8")


def rows(text: str, name: str) -> list[list[str]]:
    """The cells of the rows between two marks, without the headings of the tables there."""
    part = text.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
    found: list[list[str]] = []
    for line in part.splitlines():
        if line.startswith("|---"):
            found.pop()  # the heading, which stands above this rule
        elif line.startswith("|"):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def test_the_tables_are_those_that_the_questions_give():
    files = tables.files_on_disk()
    stale = [path for path, content in tables.filled(files).items() if content != files[path]]
    assert stale == [], "run python -m staff.texts"


def test_the_list_of_questions_gives_every_question_with_its_points_and_targets():
    listed = {row[0].partition(" ")[0].strip("["): row for row in rows(STUDENTS, "questions")}
    assert set(listed) == set(QUESTIONS)
    for question in QUESTIONS.values():
        link, points, targets, files, _ = listed[question.id]
        assert link == f"[{question.id} {question.title}](test_cases/{question.id}/README.md)"
        assert points.split() == [f"{question.points:g}", *(["extra"] if question.extra_credit else [])]
        for target in question.targets:
            module, _, name = target.rpartition(".")
            assert f"`{name}`" in targets
            assert f"`{module.replace('.', '/')}.py`" in files


@pytest.mark.parametrize("page", tables.COUNTING)
def test_a_page_counts_the_electives_and_their_points_as_they_are(page):
    electives = [question for question in QUESTIONS.values() if question.group == ELECTIVE]
    (each,) = {question.points for question in electives}
    total = sum(question.points for question in electives)
    right = {
        rf"\b({'|'.join(tables.NUMBERS[6:])}) electives\b": tables.NUMBERS[len(electives)],  # a few may be an example
        r"\be1 to (e\d+)\b": electives[-1].id,
        r"\b(?:of|give|worth) (\d+) points each\b": f"{each:g}",
        r"\b[Ee]ach elective is worth (\d+) points\b": f"{each:g}",
        r"\belectives are worth (\d+)\b": f"{total:g}",
    }
    text = re.sub(r"<!--.*?-->", "", (PROJECT / page).read_text(encoding="utf-8"))
    text = " ".join(text.lower().split())
    counted = [(found, wanted) for pattern, wanted in right.items() for found in re.findall(pattern, text)]
    assert counted, "no sentence counts the electives: leave the page out of this test"
    assert all(found == wanted for found, wanted in counted), f"{counted}: run python -m staff.texts"


def test_a_new_elective_is_counted_where_sentences_count_the_electives():
    files = tables.files_on_disk()
    more = {f"test_cases/e13/{name}": files[f"test_cases/e1/{name}"] for name in ("question.toml", "README.md")}
    filled = {path: re.sub(r"<!--.*?-->", "", text.decode()) for path, text in tables.filled(files | more).items()}
    for page in tables.COUNTING:
        assert "thirteen" in filled[page], page
        assert "twelve" not in filled[page].lower(), page
    assert "e1 to e13, give 4 points each" in filled["STUDENTS.md"]
    assert "electives are worth\n52." in filled["docs/staff.md"]


def test_the_readme_lists_the_same_questions_without_what_students_write():
    assert rows(README, "questions") == [[row[0], row[1], row[3]] for row in rows(STUDENTS, "questions")]


def test_the_list_of_questions_names_every_file_that_a_question_needs():
    """Also those of the questions that it builds on: their files are imported."""
    others = {row[0].partition(" ")[0].strip("["): row[4] for row in rows(STUDENTS, "questions")}
    assert {name: files for name, files in others.items() if files} == {
        "q7": "`models.py`",
        "q8": "`gpt_model.py`, `models.py`",
        "e12": "`gpt_model.py`, `models.py`",
    }


def test_the_targets_of_a_question_are_what_its_starters_leave_to_be_written(question):
    """A class that the starter holds whole is nothing that students write."""
    for target in question.targets:
        module, _, name = target.rpartition(".")
        source = (PROJECT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        (node,) = (each for each in ast.parse(source).body if getattr(each, "name", "") == name)
        assert "NotImplementedError" in ast.unparse(node), target


def test_a_question_page_lists_every_check_with_its_points(question):
    found = [(title, float(points), needs) for _, title, points, needs in rows(hand_out(question.id), "points")]
    names = [check.name for check in question.checks]
    wanted = [
        (check.title, check.points, ", ".join(map(str, sorted(names.index(name) + 1 for name in check.requires))))
        for check in question.checks
    ]
    assert found == wanted


def test_a_question_page_has_its_title_its_targets_and_its_sections(question):
    text = hand_out(question.id)
    page = read(text)
    kind = {CORE: "Question", ELECTIVE: "Elective"}[question.group]
    assert page.headings[0] in (f"{kind} {question.id[1:]}: {question.title}", f"{question.id} {question.title}")
    assert [heading for heading in page.headings if heading in SECTIONS] == SECTIONS
    for target in question.targets:
        assert f"`{target.rpartition('.')[2]}" in text, target
    assert ("autograder.py", ("-q", question.id)) in [(c.program, c.arguments) for c in commands(page)]


def test_a_question_page_gives_every_threshold(question):
    """As a share in percent, or as the number itself, behind `at least` or `at most`; all of them may be 100%."""
    text = " ".join(hand_out(question.id).split())
    bounds = {"minimum": "at least", "maximum": "at most"}
    for name, value in question.thresholds.items():
        bound = bounds.get(name.partition("_")[0], "at (least|most)")
        number = rf"({re.escape(f'{value:g}')}|{re.escape(f'{100 * value:g}')}%)"
        all_of_them = "|100% must" if value == 1 else ""
        assert re.search(rf"({bound} {number}{all_of_them})(?![\d.]*\d)", text), (name, value)


def test_the_first_ten_minutes_are_the_same_in_both_texts():
    first = {name: read(text).blocks for name, text in (("README.md", README), ("STUDENTS.md", STUDENTS))}
    [minutes] = [text for _, text in first["STUDENTS.md"] if "--check-dependencies" in text]
    assert minutes in [text for _, text in first["README.md"]]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MAX_README_LINES


def test_every_file_of_the_map_exists():
    table = README.partition("## The map")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert len(named) > 15
    for name in named:
        assert (PROJECT / name).exists(), name


def test_every_room_is_in_the_file_of_the_map():
    """Every folder with code at the top, and every room of the grader and of the staff's tools."""
    table = README.partition("## The map")[2].partition("\n## ")[0]
    folders = folders_of({path: content for path, content in repository().items() if path.endswith(".py")})
    rooms = {folder for folder in folders if folder.count("/") == folder.startswith(("grading/", "staff/"))}
    assert len(rooms) > 12
    for room in rooms - {"staff"}:
        assert f"`{room}/`" in table, room


def test_the_page_for_contributors_names_every_target_of_the_makefile():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):.*##", makefile, re.MULTILINE)
    assert len(targets) > 12
    page = (PROJECT / "docs" / "contributing.md").read_text(encoding="utf-8")
    assert [target for target in targets if f"| `make {target}` |" not in page] == []


def test_the_page_of_the_staff_states_the_limits_of_student_processes():
    page = " ".join((PROJECT / "docs" / "staff.md").read_text(encoding="utf-8").split())
    limits = sandbox.Sandbox(PROJECT)
    assert f"processes and threads ({limits.processes}), written files ({limits.disk_bytes // 2**20} MiB" in page
    assert ("measured four times a second" in page) == (sandbox.SECONDS_BETWEEN_MEASUREMENTS == 0.25)
    assert f"gives up after {sandbox.SECONDS_TO_REMOVE:g} seconds" in page
    assert f"up to {process.MAX_PATIENCE} times its limit" in page
    assert f"still runs {SECONDS_FOR_THE_LAST_WORD:g} seconds after its own deadline" in page
