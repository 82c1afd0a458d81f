"""How messages are read: fitted to hand-labelled examples alone, kept as fitted, at home in idiom."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from data import DataError
from data.haiku import themes
from haiku_bot.messages import normalize, understand
from haiku_bot.reader import MAX_THEMES, PATH, Reader, features_of, reader
from staff.build.haiku import reader as fitting
from staff.build.haiku.lists import EXAMPLES, GRADED, LISTS
from test_cases.q8.answers import read_messages

MIN_EXAMPLES = 70  # of a theme


def test_examples_and_every_list_name_themes_that_there_are() -> None:
    for path in (EXAMPLES, GRADED, *LISTS.values()):
        assert {name for names, _ in read_messages(path) for name in names} <= set(themes()), path.name


def test_no_message_is_on_two_of_the_lists_for_fitting_tuning_measuring_and_grading() -> None:
    lists = {path.name: {message.lower() for _, message in read_messages(path)} - {""} for path in LISTS.values()}
    lists |= {path.name: {message.lower() for _, message in read_messages(path)} - {""} for path in (EXAMPLES, GRADED)}
    for (one, first), (other, second) in combinations(lists.items(), 2):
        assert not first & second, f"{one} and {other} share {sorted(first & second)[:5]}"


def test_every_theme_has_many_examples_and_none_is_there_twice() -> None:
    examples = read_messages(EXAMPLES)
    counts = Counter(names[0] for names, _ in examples)
    assert set(counts) == set(themes())
    assert min(counts.values()) >= MIN_EXAMPLES
    assert len({message.lower() for _, message in examples}) == len(examples)


def test_the_shipped_reader_knows_the_features_of_the_examples_and_finds_their_themes() -> None:
    """`python -m staff.build.haiku.reader --check` compares its weights with a new fit, which takes 15 s and 3 GB."""
    examples, shipped = fitting.labelled(), reader()
    features, rarity = fitting.known_features(examples)
    with np.load(PATH, allow_pickle=False) as archive:
        assert archive["features"].tobytes().decode("utf-8").split("\n") == features
        assert np.array_equal(archive["rarity"], rarity.astype(np.float16))
    names = list(themes())
    found = [(wanted, shipped.evidence(words)) for wanted, words in examples[::5]]
    right = [
        names[int(np.bincount(evidence.theme_numbers.ravel(), evidence.contributions.ravel()).argmax())] == wanted[0]
        for wanted, evidence in found
        if evidence is not None and wanted
    ]
    assert len(right) > 1000
    assert np.mean(right) > 0.9


def test_a_file_that_reads_otherwise_is_told(tmp_path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    """On a fit to every tenth example, which takes a moment."""
    every = fitting.labelled()
    monkeypatch.setattr(fitting, "labelled", lambda: every[::10])
    path = tmp_path / "reader.npz"
    assert fitting.main(["--output", str(path)]) == 0
    assert fitting.main(["--check", "--output", str(path)]) == 0
    monkeypatch.setattr(fitting, "labelled", lambda: every[1::10])
    assert fitting.main(["--check", "--output", str(path)]) == 1
    assert "run python -m staff.build.haiku.reader" in capsys.readouterr().out


def test_most_messages_that_nothing_was_fitted_to_find_a_theme() -> None:
    """The list that the chatbot is measured on; 96 themes, so that chance finds one in fifty."""
    number, first, either = fitting.found_shares(LISTS["held_out"])
    assert number > 150
    assert first >= 0.7
    assert either >= 0.8


@pytest.mark.parametrize(
    ("message", "theme"),
    [
        ("she left me on read again", "heartbreak"),
        ("everything i touch falls apart", "failure"),
        ("do you have feelings", "being alive"),
        ("thx", "thanks"),
        ("why does my loop never stop", "code"),
        ("are you gonna take my job", "work"),
        ("two plates out of habit, she's gone", "grief"),
    ],
)
def test_idiom_and_slang_find_their_theme(message: str, theme: str) -> None:
    assert theme in understand(message).themes


def test_a_message_is_its_words_their_pairs_and_their_stems() -> None:
    assert features_of(["it", "rains"]) == ["it", "rains", "^ it", "it rains", "rains $", "~rain"]
    assert features_of(["ha", "ha"]) == ["ha", "^ ha", "ha ha", "ha $"]


def test_only_known_features_count_and_the_rare_ones_most() -> None:
    numbers = np.zeros((3, MAX_THEMES), np.uint8)
    numbers[:, 0] = (1, 2, 3)
    worths = np.zeros((3, MAX_THEMES), np.float32)
    worths[:, 0] = 1
    small = Reader(["rain", "the", "umbrella"], np.array([3, 4, 1], np.float32), numbers, worths)
    scores = small.scores(["the", "rain"])
    assert scores is not None
    assert scores[:4] == pytest.approx([0, 0.6, 0.8, 0])
    assert small.scores(["xyzzy"]) is None
    assert small.scores([]) is None
    misspelt = small.scores(["umbrela"])
    assert misspelt is not None
    assert int(misspelt.argmax()) == 3


def test_writing_without_blanks_is_read_character_by_character() -> None:
    assert normalize("今日は Émile") == "今 日 は emile"
    assert normalize("안녕") == "안 녕"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half an archive", None])
def test_a_damaged_reader_is_named_with_the_remedy(tmp_path, content: bytes | None) -> None:
    path = tmp_path / "haiku_reader.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"haiku_reader\.npz: .*Put the original file back"):
        Reader.load(path)


def test_a_reader_without_one_of_its_arrays_or_with_too_few_rows_is_refused(tmp_path) -> None:
    with np.load(PATH) as archive:
        arrays = dict(archive)
    path = tmp_path / "haiku_reader.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if name != "unit"})
    with pytest.raises(DataError, match="lacks unit"):
        Reader.load(path)
    np.savez(path, **(arrays | {"themes": arrays["themes"][1:]}))
    with pytest.raises(DataError, match="as many weights and themes"):
        Reader.load(path)


def test_the_file_is_small_and_holds_no_pickle() -> None:
    assert PATH.stat().st_size < 500_000
    assert reader().scores(normalize("rain").split()) is not None
