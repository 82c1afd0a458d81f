"""Question 4: the recurrent model on words of any length, its loss, and its accuracy on the test split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library, words
from grading import common_checks, expect
from grading.outcomes import CheckFailed
from grading.student import Student

TARGET, LOSS, TRAIN = "models.LanguageIDModel", "losses.languageid_loss", "train.train_languageid"
LONGEST = 10
PROBE_LENGTH = 6
PROBE_WORDS = 8


def any_length(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    random = np.random.default_rng(5)
    for length in range(1, LONGEST + 1):
        for batch in (1, 3):
            rows = random.integers(words.CHARACTERS, size=(batch, length))
            noun = f"{batch} {'word' if batch == 1 else 'words'} of {length} {'letter' if length == 1 else 'letters'}"
            expect.array(
                model(words.inputs(rows)),
                (batch, words.LANGUAGES),
                f"a batch of {noun} should give scores",
                "xs has the shape (length, batch, 47): the first dimension is the one to loop over.",
            )


def every_letter(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    random = np.random.default_rng(6)
    rows = random.integers(words.CHARACTERS, size=(PROBE_WORDS, PROBE_LENGTH))
    what = f"{PROBE_WORDS} words should give scores"
    before = expect.array(model(words.inputs(rows)), (PROBE_WORDS, words.LANGUAGES), what)
    ignored = []
    for place in range(PROBE_LENGTH):
        changed = rows.copy()
        changed[:, place] = (changed[:, place] + 1) % words.CHARACTERS
        after = expect.array(model(words.inputs(changed)), (PROBE_WORDS, words.LANGUAGES), what)
        if np.array_equal(before, after):
            ignored.append(place + 1)
    if ignored:
        raise CheckFailed(
            f"in words of {PROBE_LENGTH} letters, changing letter {', '.join(map(str, ignored))} "
            "leaves the scores as they are. "
            "Does the hidden state carry what earlier letters said into the next step?"
        )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, words.LANGUAGES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    test = library.load("words").test
    assert test is not None
    model = student.create(TARGET)
    student.train(TRAIN, model, library.load("words"))
    right = 0.0
    for group in words.by_length(test):
        what = f"{len(group)} test words of {group.x.shape[1]} letters should give scores"
        logits = expect.array(model(words.inputs(group.x)), (len(group), words.LANGUAGES), what)
        right += expect.accuracy(logits, group.y) * len(group)
    share = right / len(test)
    student.record("test_accuracy", share)
    expect.at_least(
        share,
        thresholds["minimum_test_accuracy"],
        "accuracy on the test words",
        "Train longer, or try another learning rate or hidden size.",
    )
