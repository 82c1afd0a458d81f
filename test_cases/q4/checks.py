"""Question 4: the recurrent model on words of any length, its loss, and its accuracy on the test split."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from data import Library, Split, Splits, words
from grading.checks import common as common_checks
from grading.checks import diagnosis, expect
from grading.checks.student import Model, Student
from grading.outcomes import CheckFailed, StudentCrashed
from pictures.word_bars import ReadWords

TARGET, LOSS, TRAIN = "models.LanguageIDModel", "losses.languageid_loss", "train.train_languageid"
LONGEST = 10
PROBE_LENGTH = 6
PROBE_WORDS = 8
ORDER_TOLERANCE = 1e-3  # another order of float32 sums is exact to about 1e-5


def any_length(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    random = np.random.default_rng(5)
    with diagnosis.explained(lambda text: _wrong_lengths(student)):
        for length in range(1, LONGEST + 1):
            for batch in (1, 3):
                rows = random.integers(words.CHARACTERS, size=(batch, length))
                noun = (
                    f"{batch} {'word' if batch == 1 else 'words'} of {length} {'letter' if length == 1 else 'letters'}"
                )
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
            f"leaves the scores as they are. {_why_ignored(ignored)}"
        )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, words.LANGUAGES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load("words")
    assert splits.test is not None
    model = student.create(TARGET)
    with diagnosis.explained(lambda text: _scores_of_letters(text) or diagnosis.crash_in_training(text)):
        training = student.train(TRAIN, model, splits)
    groups = words.by_length(splits.test)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        logits, labels = _scores(model, groups)
    share = expect.accuracy(logits, labels)
    student.record("test_accuracy", share)
    student.exhibit(
        lambda: ReadWords(
            [words.text(row, splits) for group in groups for row in group.x],
            labels,
            logits,
            splits.about["language_names"],
        )
    )
    probed = words.inputs(max(groups, key=len).x[: diagnosis.PROBED_ROWS])
    measured = common_checks.Accuracy(
        share, thresholds["minimum_test_accuracy"], lambda: _validation_accuracy(model, splits)
    )
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: _deaf_to_order(model, probed),
            lambda: diagnosis.after_training(
                training, model, probed, logits, batch_axis=1, is_validated=measured.is_validated
            ),
        )
    ):
        hint = "Train longer, or try another learning rate or hidden size."
        measured.require("accuracy on the test words", hint)


def _scores(model: Model, groups: list[Split]) -> tuple[np.ndarray, np.ndarray]:
    """The scores of words that are grouped by length, (count, 5), and their languages, (count,)."""
    scores = []
    for group in groups:
        what = f"{len(group)} words of {group.x.shape[1]} letters should give scores"
        scores.append(expect.array(model(words.inputs(group.x)), (len(group), words.LANGUAGES), what))
    return np.concatenate(scores), np.concatenate([group.y for group in groups])


def _validation_accuracy(model: Model, splits: Splits) -> float:
    assert splits.validation is not None
    return expect.accuracy(*_scores(model, words.by_length(splits.validation)))


def _wrong_lengths(student: Student) -> str:
    """What the model does for several numbers of letters and words, where that leaves one explanation."""
    model = student.create(TARGET)
    crashed, works, swapped = set(), set(), set()
    for length in range(1, LONGEST + 1):
        for batch in (1, 3, 5):
            rows = np.random.default_rng([length, batch]).integers(words.CHARACTERS, size=(batch, length))
            try:
                shape = getattr(model(words.inputs(rows)), "shape", None)
            except StudentCrashed:
                crashed.add((length, batch))
                continue
            if shape == (batch, words.LANGUAGES):
                works.add((length, batch))
            elif shape == (length, words.LANGUAGES):
                swapped.add((length, batch))
    if swapped and not crashed and all(length == batch for length, batch in works):
        return (
            "As many rows of scores came as words have letters: time and batch have changed places. The first "
            "dimension of xs goes through a word, the second through the words."
        )
    if crashed and crashed == {(length, batch) for length, batch in crashed | works if batch > length} and not swapped:
        return (
            "The model crashes whenever there are more words than letters, and only then: it counts letters along the "
            "dimension of the words. Which dimension of xs goes through a word?"
        )
    too_short = {length for length, _ in crashed} - {length for length, _ in works}
    lengths = {length for length, _ in works}
    if too_short and lengths and max(too_short) < min(lengths) and not swapped:
        return (
            f"The model works for words of {min(lengths)} letters or more and crashes for shorter ones. Words come in "
            "any length: does the code count on a fixed one?"
        )
    if too_short and len(lengths) == 1 and not swapped:
        return (
            f"The model works for words of {min(lengths)} letters only. Words come in any length: does the code count "
            "on a fixed one?"
        )
    return ""


def _why_ignored(ignored: list[int]) -> str:
    """What the places of the letters that do nothing tell; places count from 1."""
    heard = [place for place in range(1, PROBE_LENGTH + 1) if place not in ignored]
    if heard == [PROBE_LENGTH]:
        return (
            "Only the last letter counts. Does each step begin with the state that the step before left, or with a "
            "fresh one?"
        )
    if heard == [1]:
        return "Only the first letter counts. Which letter goes into each later step?"
    if heard and heard[-1] < PROBE_LENGTH and heard == list(range(1, heard[-1] + 1)):
        return f"Only the first {heard[-1]} letters count. Words come in any length: where does the loop end?"
    if heard and heard[0] > 1 and heard == list(range(heard[0], PROBE_LENGTH + 1)):
        return f"Only the last {len(heard)} letters count. Where does the loop begin?"
    return "Does the hidden state carry what earlier letters said into the next step?"


def _deaf_to_order(model: Model, inputs: np.ndarray) -> str:
    """Whether words with their letters in reverse order score the same; inputs (length, count, 47)."""
    forwards, backwards = (model(np.ascontiguousarray(letters)) for letters in (inputs, inputs[::-1]))
    if expect.is_close(backwards, forwards, ORDER_TOLERANCE):
        return (
            "A word and its letters in reverse order get the same scores. The model does not use the order of letters. "
            "Does the state pass through its own layer on the way from one letter to the next?"
        )
    return ""


def _scores_of_letters(text: str) -> str:
    """Whether a loss in training got a number of rows of scores that is not the number of words."""
    sizes = re.search(r"input batch_size \((\d+)\) to match target batch_size \((\d+)\)", text)
    if not sizes or sizes[1] == sizes[2]:
        return ""
    return (
        f"The model gave {sizes[1]} rows of scores for {sizes[2]} words. The model takes the number of rows from the "
        "second dimension of xs. Are time and batch exchanged before the model is called?"
    )
