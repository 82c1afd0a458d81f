"""The hidden test splits: drawn from a secret, in no shipped file, for grading only."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from hashlib import sha256

import numpy as np

import data
from data import Split, words
from grading.questions import discover
from staff.build.archive import npz_bytes
from staff.release.manifest import ReleaseError

PLAYS = 4  # whose lines are new, twice as many as are needed
TEST_DIGITS = 5000  # as many as the shipped test split
MIN_SEED_CHARACTERS = 8
DRAWN_BY = ("data/*", "staff/build/*", "staff/release/hidden.py", "test_cases/*/public/*")  # the files that draw
SHARED = ("hidden/digits.npz", "hidden/words.npz")  # the test splits of datasets that several questions use


def number(seed: str, purpose: str) -> int:
    """A number from the secret, one for each purpose; nothing of the secret can be read from it."""
    return int.from_bytes(sha256(f"hidden {purpose}/{seed}".encode()).digest()[:6], "big")


def digits_file(seed: str) -> bytes:
    """The test split of `data.digits`, 5,000 images, as an .npz archive."""
    from staff.build.digits.generate import generate

    images, labels = generate(TEST_DIGITS, number(seed, "digits"), "hidden")
    return npz_bytes({"x": images.reshape(len(images), -1), "y": labels.astype(np.int64)})


def words_file(seed: str) -> bytes:
    """The test split of `data.words`, 500 words that no shipped split holds, as an .npz archive."""
    from staff.build.words.build import build_hidden, load_pool

    arrays = build_hidden(load_pool(), number(seed, "words"))
    rows = words.letters_last(np.asarray(arrays["test_x"]).astype(np.int8))
    return npz_bytes({"x": rows, "y": np.asarray(arrays["test_y"]).astype(np.int64)})


def verses(secret: int) -> Split:
    """The test split of elective 8's verses: lines of plays that nobody has read."""
    from staff.build.plays import build, grammar
    from staff.build.plays.stage import Stage
    from test_cases.e8.public.verses import hidden_test

    return hidden_test(build.build(Stage(grammar.load()), PLAYS, secret)[0], secret)


# by the dataset in a question's folder whose test split needs tools that students do not have
DRAWN_BY_STAFF: Mapping[str, Callable[[int], Split]] = {"test_cases.e8.public.verses": verses}


def files(seed: str) -> dict[str, bytes]:
    """The hidden files by their place in autograder.zip.

    Digits and words are drawn by staff's own tools. Datasets in questions' folders draw their own (`draw_hidden_test`),
    but for those in `DRAWN_BY_STAFF`.
    """
    return own_files(seed) | dict(zip(SHARED, (digits_file(seed), words_file(seed)), strict=True))


def own_files(seed: str) -> dict[str, bytes]:
    """The hidden files that the datasets in questions' folders draw."""
    found: dict[str, bytes] = {}
    for path, name in own_paths().items():
        draw = DRAWN_BY_STAFF.get(name) or getattr(data.module_of(name), "draw_hidden_test", None)
        if draw is None:
            raise ReleaseError(f"{name}: says HIDDEN_TEST and has no function draw_hidden_test")
        found[path] = npz_bytes(draw(number(seed, path)).arrays)
    return found


def own_paths(question_ids: Container[str] | None = None) -> dict[str, str]:
    """The datasets in questions' folders that have a hidden test split, by its path in autograder.zip.

    Args:
        question_ids: only those in the folders of these questions.
    """
    found: dict[str, str] = {}
    for name in own_datasets():
        if question_ids is not None and name.split(".")[1] not in question_ids:
            continue
        module = data.module_of(name)
        if data.has_hidden_test(module):
            found[f"hidden/{data.hidden_file(name)}"] = name
    return found


def own_datasets() -> list[str]:
    """The dotted names of the datasets that lie in questions' folders: files of public/ with a function `load`."""
    files = [path for question in discover() for path in sorted((question.folder / "public").glob("*.py"))]
    with_load = [path for path in files if "\ndef load(" in path.read_text(encoding="utf-8")]
    return [f"test_cases.{path.parts[-3]}.public.{path.stem}" for path in with_load]
