"""The rules of language, as far as a test can hold them: words, the length of sentences, the page of mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grading.questions import CORE, discover
from staff.evidence.mutants import page
from staff.evidence.mutants.format import read_all
from tests import language
from tests.support import PROJECT

MAX_WORDS = 18  # the rule is about 15; a sentence that a colon or semicolon ends counts by itself
MAX_DOCSTRING_WORDS = 25  # of a sentence that says what belongs together: a shape, a range and a unit
MESSAGES = [*PROJECT.glob("test_cases/**/*.py"), *PROJECT.glob("grading/**/*.py"), PROJECT / "autograder.py"]
RECEIVED = [
    path
    for folder in ("data", "gpt", "haiku_bot", "pictures", "training", "electives")
    for path in (PROJECT / folder).glob("**/*.py")
]
PAGES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "site/**/*.md", "test_cases/*/README.md")
    for path in PROJECT.glob(pattern)
]
SHIPPED = [  # to students; the starters among them
    *MESSAGES,
    *RECEIVED,
    *(path for path in PROJECT.glob("*.py") if path.name != "conftest.py"),
    *PROJECT.glob("startup/*.py"),
]
WORDS = PROJECT / "staff" / "build"  # its programs hold the vocabulary of verses and plays
STAFF = [
    *(path for path in PROJECT.glob("staff/**/*.py") if not path.is_relative_to(WORDS)),
    *PROJECT.glob("staff/**/*.md"),
    *PROJECT.glob("staff/evidence/mutants/*.toml"),
]


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_each_sentence_of_a_message_is_short(path: Path):
    long = {
        f"line {line}: {language.words(sentence)} words: {sentence}"
        for line, text in language.texts(path)
        for sentence in language.sentences(text)
        if language.words(sentence) > MAX_WORDS
    }
    assert long == set()


@pytest.mark.parametrize("path", sorted(set(SHIPPED)), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_each_sentence_of_a_docstring_is_short(path: Path):
    long = {
        f"line {line}: {language.words(sentence)} words: {sentence}"
        for line, docstring in language.docstrings(path)
        for paragraph in language.prose(docstring)
        for sentence in language.sentences(paragraph)
        if language.words(sentence) > MAX_DOCSTRING_WORDS
    }
    assert long == set()


def test_no_text_holds_a_word_that_the_rules_of_language_forbid():
    found = [
        f"{path.relative_to(PROJECT)}:{text[: match.start()].count(chr(10)) + 1}: {match[0]!r}"
        for path in {*MESSAGES, *RECEIVED, *PAGES, *STAFF, *PROJECT.glob("*.py")}
        for text in [path.read_text(encoding="utf-8")]
        for match in language.PATTERN.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("The bias is missing. Is it added?", [4, 3]),
        ("The mask is 1 for the prompt: `mask[: len(prompt)] = 1` fills it.", [7, 3]),
        ("one\ntwo three", [1, 2]),
    ],
)
def test_words_of_a_sentence_are_counted_and_code_is_one_word(text, lengths):
    assert [language.words(sentence) for sentence in language.sentences(text)] == lengths


def test_sentences_are_found_in_constants_and_f_strings_and_not_in_docstrings(tmp_path):
    path = tmp_path / "checks.py"
    path.write_text(
        '"""A docstring of some words here."""\nX = "one two three four"\nY = f"one {X} three four five"\nZ = "q1"\n'
    )
    assert list(language.texts(path)) == [(2, "one two three four"), (3, "one 0 three four five")]


def test_docstrings_are_found_and_their_tables_and_parentheses_left_out(tmp_path):
    path = tmp_path / "models.py"
    path.write_text(
        '"""A module."""\n\n\ndef f(x):\n    """Return the sum\n    of x (Sum, 1999 (2nd ed.)).\n\n        y = 1 2 3\n\n'
        "    Args:\n        x: numbers `a b`\n            in a row.\n        z: none.\n"
        '    Raises:\n        ValueError: it\n            is odd.\n    """\n'
    )
    first, second = language.docstrings(path)
    assert first == (1, "A module.")
    assert second[0] == 5
    assert language.prose(second[1]) == ["Return the sum of x .", "numbers `code` in a row.", "none.", "it is odd."]


def test_the_page_of_mistakes_is_as_the_command_wrote_it_and_knows_every_common_mistake():
    text = (PROJECT / page.PATH).read_text(encoding="utf-8")
    assert page.is_as_written(text), "run python -m staff.evidence.mutants --page"
    assert not page.is_as_written(text.replace("Common mistakes", "Frequent mistakes"))
    told = " ".join(text.split())
    common = [mutant for mutant in read_all() if mutant.common]
    for mutant in common:
        assert f"**{mutant.wrong}**" in told, f"{mutant.name}: run python -m staff.evidence.mutants --page"
        assert " ".join(mutant.phrase.split()) in told, f"{mutant.name}: run python -m staff.evidence.mutants --page"
    core = {question.id for question in discover() if question.group == CORE}
    assert core <= {mutant.question for mutant in common}, (
        "a core question needs mutants with `common = true`: then run python -m staff.evidence.mutants --page"
    )


def test_the_page_of_mistakes_quotes_no_line_of_a_solution():
    message = "RuntimeError: bad shape\n  at forward (models.py:3): return matmul(a, b)\n      more(code)\nThe mask is too large."
    assert page.without_code(message) == "RuntimeError: bad shape\nThe mask is too large."
    assert not re.search(r"^  at ", (PROJECT / page.PATH).read_text(encoding="utf-8"), re.MULTILINE)
