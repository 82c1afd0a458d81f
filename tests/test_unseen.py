"""The unseen mistakes are submissions that can be made, and the page shows every message with room for a mark."""

import ast

import pytest

from grading.outcomes import CRASHED, FAILED, Outcome
from staff.evidence.mutants.format import MutantError, changed_files
from staff.evidence.unseen import __main__ as command
from staff.evidence.unseen import page
from staff.evidence.unseen.format import SETS, Mistake, read_all
from staff.evidence.unseen.run import Reading
from staff.places import SOLUTIONS_DIRECTORY

pytestmark = pytest.mark.usefixtures("warm_starts")
MISTAKES = {name: read_all(directory) for name, directory in SETS.items()}
SHAPE = Outcome("shape", "A batch gives ten scores", FAILED, 0.0, 0.0, "Q3: got (4, 784) | not (4, 10)")
FIT = Outcome("fit", "The model fits", CRASHED, 0.0, 5.0, "Traceback:\n```\n  x = 1\n```")


def mistake(name):
    return Mistake("q3", name, f"What is wrong with {name}.", ())


@pytest.mark.parametrize("name", SETS)
def test_every_question_has_mistakes(name):
    assert len(MISTAKES[name]) == 30
    assert {found.question for found in MISTAKES[name]} == {f"q{number}" for number in range(1, 9)}


@pytest.mark.parametrize(
    "found", [found for mistakes in MISTAKES.values() for found in mistakes], ids=lambda it: it.name
)
def test_a_mistake_makes_a_submission_that_python_can_read(found):
    changed = changed_files(found)
    assert set(changed) == {f"{change.where.partition('.')[0]}.py" for change in found.changes}
    for name, text in changed.items():
        assert text != (SOLUTIONS_DIRECTORY / name).read_text(encoding="utf-8")
        ast.parse(text)


def test_a_description_without_a_sentence_is_refused(tmp_path):
    (tmp_path / "q1.toml").write_text('[[mistakes]]\nid = "a"\nchanges = []\n', encoding="utf-8")
    with pytest.raises(MutantError, match="q1.toml: a: lacks {'wrong'}"):
        read_all(tmp_path)


def test_two_mistakes_of_one_name_are_refused(tmp_path):
    row = '[[mistakes]]\nid = "a"\nwrong = "Wrong."\nchanges = []\n'
    (tmp_path / "q1.toml").write_text(row + row, encoding="utf-8")
    with pytest.raises(MutantError, match="same name: q1/a"):
        read_all(tmp_path)


def test_the_page_has_one_row_with_an_empty_mark_for_each_message():
    text = page.markdown(
        [Reading(mistake("one"), (SHAPE, FIT), 1.0), Reading(mistake("two"), (SHAPE,), 1.0)], "command"
    )
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert rows == [
        "| [1](#message-1) | q3/one | What is wrong with one. | shape |  |",
        "| [2](#message-2) | q3/one | What is wrong with one. | fit |  |",
        "| [3](#message-3) | q3/two | What is wrong with two. | shape |  |",
    ]


def test_a_message_stands_on_the_page_as_it_came():
    text = page.markdown([Reading(mistake("one"), (SHAPE, FIT), 1.0)], "command")
    assert f"```text\n{SHAPE.message}\n```" in text
    assert f"````text\n{FIT.message}\n````" in text  # a longer fence than the message's own


def test_a_mistake_that_loses_nothing_is_called_to_be_replaced(tmp_path, monkeypatch, capsys):
    readings = [Reading(mistake("one"), (SHAPE,), 1.0), Reading(mistake("two"), (), 1.0)]
    monkeypatch.setattr(command, "read_messages", lambda *_: iter(readings))
    output = tmp_path / "page.md"
    assert command.main(["--output", str(output)]) == command.EXIT_SOME_PASS
    assert "1 of 2 mistakes lose no check\n  to be replaced: q3/two\n" in capsys.readouterr().out
    assert "| no check lost: to be replaced |" in output.read_text(encoding="utf-8")


def test_a_question_without_mistakes_is_a_usage_error(tmp_path, capsys):
    assert command.main(["-q", "q99", "--output", str(tmp_path / "page.md")]) == command.EXIT_USAGE
    assert "there are no mistakes of q99" in capsys.readouterr().err


def test_a_crash_in_class_code_is_read_as_the_student_gets_it():
    """Grades one mistake for real: the check that crashes comes with its traceback, those that wait for it do not come."""
    (found,) = [found for found in MISTAKES["first"] if found.name == "q6/two-heads"]
    (reading,) = command.read_messages([found], 1, 0, None)
    assert [outcome.name for outcome in reading.lost] == ["weights_sum_to_one"]
    assert reading.lost[0].message
