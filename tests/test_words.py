"""The words of five languages: the shipped file, and the rules that built it."""

import codecs
import itertools
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from staff.build import archive
from staff.build.words import build as builder
from staff.build.words.candidates import Limits, everyday_words, is_refused
from staff.build.words.languages import CHARACTERS, HELD_OUT_WORDS, LANGUAGES, LONGEST, TRAINING_WORDS

SPLITS = {"train": 17500, "dev": 500, "test": 500}


@pytest.fixture(scope="module")
def shipped() -> dict[str, np.ndarray]:
    with np.load(builder.SHIPPED_FILE, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def words_of(arrays: dict[str, np.ndarray], split: str) -> list[tuple[int, str]]:
    """(language, word) of every row."""
    rows = ("".join(CHARACTERS[letter] for letter in row if letter >= 0) for row in arrays[f"{split}_x"])
    return list(zip(arrays[f"{split}_y"].tolist(), rows, strict=True))


@pytest.fixture(scope="module")
def pool() -> dict[str, dict[int, list[str]]]:
    """Made-up words, enough for every length: the language's first letter and a number written with letters."""
    letters = "abcdefghij"
    return {
        language.code: {
            length: [
                f"{start}{number:0{length - 1}d}".translate(str.maketrans("0123456789", letters))
                for number in range(min(1000, 10 ** (length - 1)))
            ]
            for length in TRAINING_WORDS
        }
        for start, language in zip("vwxyz", LANGUAGES, strict=True)
    }


def test_the_shipped_file_has_the_arrays_that_the_assignment_fixes(shipped):
    names = ["chars", "language_codes", "language_names"]
    assert list(shipped) == names + [f"{split}_{part}" for split in SPLITS for part in ("x", "y", "buckets")]
    assert "".join(shipped["chars"]) == "abcdefghijklmnopqrstuvwxyzáäèéêëíïñóöúüąćęłńśźż"
    assert shipped["language_codes"].tolist() == ["en", "es", "fi", "nl", "pl"]
    assert shipped["language_names"].tolist() == ["English", "Spanish", "Finnish", "Dutch", "Polish"]
    for split, count in SPLITS.items():
        assert shipped[f"{split}_x"].shape == (count, LONGEST) and shipped[f"{split}_y"].shape == (count,)
    assert all(array.dtype == np.int64 for name, array in shipped.items() if name not in names)


@pytest.mark.parametrize("split", SPLITS)
def test_letters_fill_a_row_from_the_left_with_nothing_but_minus_one_behind(shipped, split):
    rows = shipped[f"{split}_x"]
    present = rows >= 0
    assert rows.min() == -1 and rows.max() < len(CHARACTERS)
    assert not (present[:, 1:] & ~present[:, :-1]).any()
    assert present.sum(axis=1).min() >= 2


@pytest.mark.parametrize("split", SPLITS)
def test_buckets_cover_all_rows_one_word_length_each_shortest_first(shipped, split):
    lengths = (shipped[f"{split}_x"] >= 0).sum(axis=1)
    buckets = shipped[f"{split}_buckets"]
    assert buckets[0, 0] == 0 and buckets[-1, 1] == len(lengths)
    assert np.array_equal(buckets[1:, 0], buckets[:-1, 1])
    found = [np.unique(lengths[start:end]).tolist() for start, end in buckets]
    assert found == [[length] for length in np.unique(lengths)]


@pytest.mark.parametrize("split", SPLITS)
def test_every_language_has_as_many_words_of_every_length(shipped, split):
    counts = TRAINING_WORDS if split == "train" else HELD_OUT_WORDS
    found = Counter((language, len(word)) for language, word in words_of(shipped, split))
    assert found == {(language, length): count for language in range(5) for length, count in counts.items()}


def test_languages_are_mixed_within_a_bucket(shipped):
    """A batch cut from a bucket in order holds several languages."""
    for start, end in shipped["train_buckets"][2:]:
        for first in range(start, end - 64, 64):
            assert len(set(shipped["train_y"][first : first + 64].tolist())) == 5


def test_no_word_is_in_two_splits_or_two_languages_or_there_twice(shipped):
    words = [word for split in SPLITS for _, word in words_of(shipped, split)]
    assert len(words) == len(set(words)) == 18500


def test_words_are_spelt_with_the_letters_of_their_language(shipped):
    for split in SPLITS:
        for language, word in words_of(shipped, split):
            assert set(word) <= set(LANGUAGES[language].alphabet), word


@pytest.mark.parametrize(
    ("code", "hidden"),
    [("en", "shpxvat"), ("en", "juberf"), ("es", "zvreqn"), ("fi", "crexryr"), ("nl", "xybbgmnx"), ("pl", "xhejn")],
)
def test_swearing_is_refused_in_its_language_and_english_swearing_in_all(code, hidden):
    word = codecs.decode(hidden, "rot13")
    assert is_refused(word, code)
    if code == "en":
        assert all(is_refused(word, language.code) for language in LANGUAGES)


def test_nothing_that_is_refused_is_shipped(shipped):
    for split in SPLITS:
        for language, word in words_of(shipped, split):
            assert not is_refused(word, LANGUAGES[language].code)


def test_the_list_of_swear_words_cannot_be_read_at_a_glance():
    text = (Path(builder.__file__).parent / "refused" / "profanity.rot13.txt").read_text(encoding="utf-8")
    for hidden in ("shpx", "fuvg", "chgn", "ivgh", "xhej", "xhg"):
        assert hidden in text and codecs.decode(hidden, "rot13") not in text


@pytest.mark.parametrize(
    ("word", "elsewhere", "kept"),
    [
        ("ventana", {"pt": 1e-7, "en": 1e-7}, True),
        ("mesa", {"pt": 1e-5}, True),  # a relative may share a word ...
        ("casa", {"pt": 2e-5}, False),  # ... but not when it is the relative's more than its own
        ("final", {"en": 1e-6}, False),  # one of the five uses it too
        ("haus", {"de": 9e-6}, False),  # another language uses it
        ("getafe", {"de": 1e-6, "fr": 1e-6, "sv": 1e-6}, False),  # as many use it as only use a name
        ("ingles", {}, False),  # "inglés" is ten times more frequent
        ("hablo", {}, True),  # "habló" is not
        ("km", {}, False),
        ("jajaaa", {}, False),
        ("kilo", {}, False),
        ("extraordinario", {}, False),
    ],
)
def test_a_word_is_kept_when_it_is_its_language_s_own(word, elsewhere, kept):
    frequencies = {code: {} for code in ("en", "fi", "nl", "pl", "de", "fr", "sv", "pt", "it", "ca")}
    frequencies["es"] = {word: 1e-5, "inglés": 1e-4, "habló": 2e-5}
    for code, frequency in elsewhere.items():
        frequencies[code] = {word: frequency}
    spanish = LANGUAGES[1]
    found = set(itertools.chain(*everyday_words(spanish, frequencies, Limits()).values()))
    assert (word in found) == kept


def test_words_come_most_frequent_first_and_ties_by_the_alphabet():
    frequencies = {
        "es": {"vino": 2e-5, "mesa": 1e-5, "agua": 1e-5},
        "en": {},
        "fr": {},
        "de": {},
        "pt": {},
        "it": {},
        "ca": {},
    }
    assert everyday_words(LANGUAGES[1], frequencies)[4] == ["vino", "agua", "mesa"]
    assert everyday_words(LANGUAGES[1], frequencies, wanted={4: 2})[4] == ["vino", "agua"]


def test_the_same_words_build_the_same_bytes_and_another_seed_builds_others(pool):
    first = archive.npz_bytes(builder.build(pool))
    assert archive.npz_bytes(builder.build(pool)) == first
    assert archive.npz_bytes(builder.build(pool, seed=1)) != first


def test_refusing_one_word_leaves_the_other_training_words_where_they_are(pool):
    fewer = {code: {length: list(words) for length, words in lengths.items()} for code, lengths in pool.items()}
    dropped = builder.shipped_splits(pool)["test"][0][1]
    for lengths in fewer.values():
        for words in lengths.values():
            words[:] = [word for word in words if word != dropped]
    before, after = (set(builder.shipped_splits(each)["train"]) for each in (pool, fewer))
    assert len(before - after) <= 1


def test_a_hidden_test_shares_no_word_with_the_shipped_splits_and_follows_its_seed(pool):
    shipped = {word for rows in builder.shipped_splits(pool).values() for _, word in rows}
    first, second = (set(builder.hidden_rows(pool, seed)) for seed in (1, 2))
    assert len(first) == 500 and first != second
    assert shipped.isdisjoint(word for _, word in first)
    arrays = builder.build_hidden(pool, 1)
    assert list(arrays) == ["chars", "language_codes", "language_names", "test_x", "test_y", "test_buckets"]
    assert np.bincount(arrays["test_y"]).tolist() == [100] * 5


def test_too_few_words_are_an_error_that_says_where(pool):
    short = pool | {"fi": pool["fi"] | {7: pool["fi"][7][:700]}}
    with pytest.raises(ValueError, match="fi: 700 words of 7 letters"):
        builder.build(short)


def test_the_shipped_file_is_what_the_word_lists_build(tmp_path):
    pytest.importorskip("wordfreq", reason="the words are built from the package wordfreq, which only staff need")
    assert builder.main(["--check"]) == 0
    built = tmp_path / "built.npz"
    assert builder.main(["--output", str(built)]) == 0
    assert archive.same_arrays(built, dict(np.load(builder.SHIPPED_FILE)))
    hidden = tmp_path / "hidden.npz"
    assert builder.main(["--hidden", "--seed", "7", "--output", str(hidden)]) == 0
    assert builder.main(["--check", "--output", str(hidden)]) == 1


@pytest.mark.parametrize(
    "arguments", [["--hidden"], ["--hidden", "--seed", "1"], ["--check", "--output", "nowhere.npz"]]
)
def test_incomplete_requests_are_usage_errors(arguments):
    with pytest.raises(SystemExit) as stop:
        builder.main(arguments)
    assert stop.value.code == 2


def test_an_archive_keeps_order_types_and_shapes_and_carries_no_date(tmp_path):
    arrays = {"b": np.arange(6, dtype=np.int16).reshape(2, 3), "a": np.array(["ä", "ż"]), "empty": np.zeros((0, 2))}
    archive.write_npz(tmp_path / "folder" / "some.npz", arrays)
    assert archive.same_arrays(tmp_path / "folder" / "some.npz", arrays)
    assert not archive.same_arrays(tmp_path / "folder" / "some.npz", arrays | {"a": np.array(["ä", "z"])})
    with zipfile.ZipFile(tmp_path / "folder" / "some.npz") as members:
        assert {member.date_time for member in members.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "some.npz"
    archive.write_npz(target, {"a": np.zeros(3)})
    before = target.read_bytes()
    with pytest.raises(ValueError, match="pickle"):
        archive.write_npz(target, {"a": np.array([object()])})

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(archive.os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        archive.write_npz(target, {"a": np.ones(3)})
    assert target.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["some.npz"]
