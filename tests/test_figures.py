"""Measured figures: one file, the texts that show it, and measuring them again."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from staff.evidence import figures as measuring
from staff.texts import figures
from tests.support import PROJECT

FILE = (PROJECT / figures.PATH).read_bytes()


def figure(**fields: Any) -> figures.Figure:
    known: dict[str, Any] = {"id": "a", "section": "s", "what": "w", "command": "c"}
    return figures.Figure(**(known | {"measured": datetime.date(2026, 1, 2)} | fields))


def test_every_figure_names_its_command_and_its_day():
    measured, machine = figures.read(FILE)
    assert machine and measured
    for found in measured:
        assert found.told and found.command and found.measured <= datetime.date.today(), found.id


def test_a_figure_of_several_runs_shows_its_median_and_range():
    assert figure(values=(3.0, 1.0, 2.0), unit="s").told == "2 s (1 to 3)"
    assert figure(values=(23.62,), unit="s").told == "23.6 s"
    assert figure(figure="25/25 each").told == "25/25 each"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b"machine = ", "TOMLDecodeError"),
        (b'machine = "m"\n[[figures]]\nid = "a"\n', "TypeError"),
        (FILE.replace(b"values = [", b"numbers = ["), "TypeError"),
        (FILE.replace(b"values = [", b"values = ['x', "), "ValueError"),
        (FILE.replace(b'id = "starters"', b'id = "memory"'), "two figures have the same id"),
        (FILE.replace(b'of = "seconds"\n', b""), "is quick, so that it needs values, and `of`"),
    ],
)
def test_a_broken_file_is_told(broken, said):
    with pytest.raises(figures.FiguresError, match=said):
        figures.read(broken)


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ((10.0,), (10.9, 10.8, 10.7), False),  # within a tenth
        ((10.0,), (12.0, 12.1, 12.2), True),
        ((9.0, 10.0, 13.0), (12.0, 12.1, 12.2), False),  # the old runs lay farther apart
        ((10.0,), (8.0, 12.0, 15.0), False),  # the new ones do
    ],
)
def test_a_figure_moves_if_it_leaves_its_spread(old, new, moved):
    assert measuring.is_moved(figure(values=old), new) is moved


def test_a_figure_is_read_from_its_command():
    program = 'print("peak: 1,234 MiB"); raise SystemExit(1)'
    found = figure(command=f"python -c '{program}'", of=r"peak: ([\d.,]+) MiB", values=(1.0,), status=1)
    assert measuring.measure(found) == 1234
    assert measuring.measure(figure(command="python -c pass", of="seconds", values=(1.0,))) > 0
    with pytest.raises(measuring.NotMeasured, match="ended with 1"):
        measuring.measure(figure(command=found.command, of=found.of, values=(1.0,)))
    with pytest.raises(measuring.NotMeasured, match="printed nothing that fits"):
        measuring.measure(figure(command="python -c pass", of="(x)", values=(1.0,)))


def test_new_values_change_one_entry_only():
    text = FILE.decode()
    day = datetime.date(2030, 1, 2)
    changed = measuring.written(text, "starters", [1.0, 2.5], day)
    differing = [(old, new) for old, new in zip(text.splitlines(), changed.splitlines(), strict=True) if old != new]
    assert [new for _, new in differing] == ["values = [1, 2.5]", "measured = 2030-01-02"]
    (starters,) = (found for found in figures.read(changed.encode())[0] if found.id == "starters")
    assert starters.values == (1.0, 2.5) and starters.measured == day


def test_measuring_tells_what_moved_and_what_cannot_be_measured(monkeypatch, capsys):
    monkeypatch.setattr(measuring, "measure", lambda figure: 2 * figure.median)
    assert measuring.main(["starters", "--runs", "1"]) == 1
    assert "MOVED" in capsys.readouterr().out
    monkeypatch.setattr(measuring, "measure", lambda figure: figure.median)
    assert measuring.main(["starters", "--runs", "1"]) == 0
    assert measuring.main(["nothing"]) == 2
    assert measuring.main(["quality"]) == 2
    said = capsys.readouterr().err
    assert "there is no figure nothing; there are: whole_run, " in said
    assert "quality is read by eye: python -m staff.build.digits.quality" in said


def test_the_texts_show_what_the_file_holds():
    measured, machine = figures.read(FILE)
    page = (PROJECT / figures.PAGE).read_text(encoding="utf-8")
    assert all(table in page for table in figures.tables(measured, machine).values())
    assert figures.short_table(measured) in (PROJECT / figures.SHORT_PAGE).read_text(encoding="utf-8")


def test_what_an_elective_takes_is_the_same_on_every_page():
    one = figure(id="e1", section=figures.ELECTIVES, values=(2.0, 2.9, 9.0))
    told = "The reference solution takes about 3 seconds on one core, without windows."
    assert figures.sentences([one, figure()]) == {"e1": told}
    measured, _ = figures.read(FILE)
    sentences = figures.sentences(measured)
    assert len(sentences) >= 12
    for name, sentence in sentences.items():
        page = (PROJECT / "test_cases" / name / "README.md").read_text(encoding="utf-8")
        assert sentence in page
        assert "command takes" not in page
    medians = {found.id: found.median for found in measured if found.section == figures.ELECTIVES}
    page = (PROJECT / "docs" / "classroom.md").read_text(encoding="utf-8")
    last, seconds = re.findall(r"\| electives 1 to (\d+) \| (\d+) s more \|", page)[0]
    assert seconds == f"{sum(medians[f'e{number}'] for number in range(1, int(last) + 1)):.0f}"
