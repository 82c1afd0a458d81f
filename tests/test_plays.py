"""The built-in plays: the same text every time, of exactly known entropy, well-formed and split cleanly."""

from __future__ import annotations

import hashlib
import math
import re
from random import Random

import numpy as np
import pytest

from data import DataError, Library, plays
from staff.build.plays import build, grammar
from staff.build.plays.grammar import Alternative, Grammar, GrammarError
from staff.build.plays.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(grammar.load())


@pytest.fixture(scope="module")
def text() -> str:
    return plays.BUILT_IN_FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def information(stage, text) -> float:
    return build.information(stage, text)


def rules(**symbols: list[tuple[float, list[str]]]) -> Grammar:
    return Grammar(
        {symbol: [Alternative(chance, tuple(parts)) for chance, parts in rows] for symbol, rows in symbols.items()}
    )


AMBIGUOUS = {"S": [(0.5, ["{W}", "{W}"]), (0.5, ["ab"])], "W": [(0.25, ["a"]), (0.75, ["b"])]}


def test_the_shipped_file_is_what_the_one_command_builds(capsys):
    assert build.main(["--check"]) == 0, capsys.readouterr().out


def test_the_stated_entropy_and_digest_are_those_of_the_shipped_file(stage, text):
    assert pytest.approx(stage.entropy() / stage.length(), abs=5e-5) == plays.ENTROPY
    assert hashlib.sha256(text.encode()).hexdigest() == plays.DIGEST


def test_the_text_has_the_promised_size(text):
    assert 600_000 <= len(text) <= 1_000_000


def test_no_derivation_shares_its_text_with_another(stage, information):
    """So the entropy of the choices is the entropy of the text: both count the same information."""
    _, of_choices = build.build(stage)
    assert information == pytest.approx(-of_choices, rel=1e-9)


def test_the_information_in_the_text_agrees_with_the_entropy(text, information):
    """21 plays vary by about 2% each in information and in length, so their mean by less than half a percent."""
    assert information / len(text) == pytest.approx(plays.ENTROPY, rel=0.01)


def test_the_expected_length_is_exact(stage):
    """200 plays: their mean is off by more than four standard errors once in ten thousand times."""
    random = Random(3)
    lengths = [len(stage.draw(random).text) for _ in range(200)]
    error = np.std(lengths) / math.sqrt(len(lengths))
    assert abs(np.mean(lengths) - stage.length()) < 4 * error


def test_entropy_and_length_of_a_small_grammar_are_those_of_its_definition():
    small = rules(**AMBIGUOUS)
    word = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert small.entropy("S") == pytest.approx(math.log(2) + 0.5 * 2 * word)
    assert small.length("S") == pytest.approx(2)


def test_the_probability_of_a_text_adds_up_its_derivations():
    small = rules(**AMBIGUOUS)
    chances = {text: math.exp(small.log_probability("S", text)) for text in ("aa", "ab", "ba", "bb")}
    assert chances == pytest.approx({"aa": 0.03125, "ab": 0.59375, "ba": 0.09375, "bb": 0.28125})
    assert small.log_probability("S", "abc") == -math.inf


def test_a_slot_can_take_an_article_a_capital_or_capitals():
    small = rules(S=[(1, ["{a W}", " ", "{^W}", " ", "{!W}"])], W=[(1, ["owl"])])
    assert small.draw("S", Random(0)).text == "an owl Owl OWL"


@pytest.mark.parametrize(
    ("symbols", "complaint"),
    [
        ({"S": [(1, ["{T}"])]}, "not there"),
        ({"S": [(1, ["{T}"])], "T": [(1, ["{S}"])]}, "leads back"),
        ({"S": [(1, ["{a T}"])], "T": [(1, ["{U}"])], "U": [(1, ["x"])]}, "plain words"),
    ],
)
def test_a_wrong_grammar_is_told(symbols, complaint):
    with pytest.raises(GrammarError, match=complaint):
        rules(**symbols)


def test_every_symbol_is_used(stage):
    top = {"TITLE", "CAST", "ROLE", "PLACE", "DIRECTION", "SPEECH", "COUPLET"}
    slots = {part for rows in stage.grammar.rules.values() for row in rows for part in row.parts if part[:1] == "{"}
    used = {re.sub(r"[{}^!]|^\{a ", "", slot) for slot in slots}
    named = {symbol for symbol in stage.grammar.rules if not symbol.startswith("{")}
    assert named - used - top == set()


def test_articles_suit_their_words(text):
    assert re.findall(r"\b[Aa] [aeiou]\w*", text) == []
    assert re.findall(r"\b[Aa]n [^aeiou]\w*", text) == []


def test_most_lines_of_verse_have_about_ten_syllables(text):
    """Groups of vowels count syllables roughly: a line within 8 to 13 of them may well be a pentameter."""
    lines = re.findall(r"^[A-Z][a-z'].*[,;:!.?]$", text, flags=re.MULTILINE)
    verse = [line for line in lines if len(line) > 30 and not line.startswith(("Enter", "["))]
    counts = [len(re.findall(r"[aeiouy]+", re.sub(r"e\b(?=[^aeiouy]*)", "", line.lower()))) for line in verse]
    assert np.mean([8 <= count <= 13 for count in counts]) > 0.9


def test_nine_tenths_train_and_the_last_tenth_validates(text):
    splits = Library().load("plays")
    assert splits.validation is not None
    whole = [*splits.train.x, splits.train.y[-1], *splits.validation.x, splits.validation.y[-1]]
    assert "".join(splits.about["characters"][number] for number in whole) == text
    assert np.array_equal(splits.train.x[1:], splits.train.y[:-1])
    assert len(splits.validation) / len(text) == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"too short"])
def test_a_file_that_is_no_text_of_ours_is_told(tmp_path, content):
    path = tmp_path / "plays.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="plays.txt"):
        plays.read(path, "test")
