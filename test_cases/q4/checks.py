"""Question 4: the recurrent model on words of any length, its loss, and its accuracy on the test split."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from data import Library, Split, words
from grading.checks import behaviour, diagnosis, expect
from grading.checks import common as common_checks
from grading.checks.behaviour import PROBED_ROWS
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed, StudentCrashed
from pictures.word_bars import ReadWords
from test_cases.q4 import mistakes

TARGET, LOSS, TRAIN = "models.LanguageIDModel", "losses.languageid_loss", "train.train_languageid"
LONGEST = 10
PROBE_LENGTH, OTHER_LENGTH = 6, 9  # letters
PROBE_WORDS = 8
MEMORY_TOLERANCE = 1e-5  # two calls with the same inputs are exact to about 1e-6 on any device
ORDER_TOLERANCE = 1e-3  # another order of float32 sums is exact to about 1e-5


def any_length(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    random = np.random.default_rng(5)
    several = words.inputs(random.integers(words.CHARACTERS, size=(PROBED_ROWS, PROBE_LENGTH)))
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: _wrong_lengths(student),
            lambda: mistakes.own_layers(model),
            lambda: mistakes.kept_state(student.create(TARGET)),
            lambda: mistakes.wrong_rows(model),
            lambda: behaviour.not_a_number_alone(model, several, batch_axis=1),
        )
    ):
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
                )


def every_letter(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    _require_no_memory(student, model, library.seed)
    ignored = _ignored(model, PROBE_LENGTH)
    if ignored and _ignored(_redrawn(student), PROBE_LENGTH):
        raise CheckFailed(
            f"in words of {PROBE_LENGTH} letters, changing letter {', '.join(map(str, ignored))} should change the "
            "scores; the scores stayed the same.",
            diagnosis.first(
                lambda: mistakes.along_the_batch(model),
                lambda: _why_ignored(ignored, _ignored(model, OTHER_LENGTH), mistakes.steps(model)),
            ),
        )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, words.LANGUAGES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load("words")
    assert splits.test is not None
    model = student.create(TARGET)
    with diagnosis.explained(lambda text: _scores_of_letters(text) or diagnosis.crash_in_training(text)):
        training = student.train(TRAIN, model, splits, thresholds["maximum_passes"])
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
    probed = words.inputs(max(groups, key=len).x[:PROBED_ROWS])
    measured = common_checks.Accuracy(
        share,
        thresholds["minimum_test_accuracy"],
        lambda: _accuracy(model, splits.validation),
        lambda: _accuracy(model, common_checks.some_of(splits.train)),
        "words",
    )
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: mistakes.own_layers(model),
            lambda: _deaf_to_order(model, probed),
            lambda: diagnosis.after_training(
                training, model, probed, logits, batch_axis=1, is_validated=measured.is_validated
            ),
        )
    ):
        measured.require(
            "accuracy on the test words", lambda: measured.seen(training, words.LANGUAGES, model.layers(probed))
        )
    student.advise(training)


def _scores(model: Model, groups: list[Split]) -> tuple[np.ndarray, np.ndarray]:
    """The scores of words that are grouped by length, (count, 5), and their languages, (count,)."""
    scores = []
    for group in groups:
        what = f"{len(group)} words of {group.x.shape[1]} letters should give scores"
        scores.append(expect.array(model(words.inputs(group.x)), (len(group), words.LANGUAGES), what))
    return np.concatenate(scores), np.concatenate([group.y for group in groups])


def _accuracy(model: Model, split: Split | None) -> float:
    assert split is not None
    return expect.accuracy(*_scores(model, words.by_length(split)))


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
            "There is one row of scores for each letter. There should be one row for each word. `xs` has shape "
            "(length, batch, 47). Your loop should run over the letters. Does it run over the words?"
        )
    if crashed and crashed == {(length, batch) for length, batch in crashed | works if batch > length} and not swapped:
        return (
            "The model crashes only if there are more words than letters. The code counts the letters along the "
            "dimension of the words. Along which dimension of `xs` do the letters lie?"
        )
    too_short = {length for length, _ in crashed} - {length for length, _ in works}
    lengths = {length for length, _ in works}
    if too_short and lengths and max(too_short) < min(lengths) and not swapped:
        return (
            f"The model works for words of {min(lengths)} letters or more and crashes for shorter words. Words have "
            "any length. Does your code use a fixed number of letters?"
        )
    if too_short and lengths == {1} and not swapped:
        return (
            "The model works for words of 1 letter and crashes for longer words. The step from a letter to the next "
            "one crashes."
        )
    if too_short and len(lengths) == 1 and not swapped:
        return (
            f"The model works for words of {min(lengths)} letters only. Words have any length. Does your code use a "
            "fixed number of letters?"
        )
    return ""


def _require_no_memory(student: Student, model: Model, run_seed: int) -> None:
    """Fail if the scores of words depend on the call before: the same words are asked before and after other words.

    Each call has the same random numbers, so that a model that draws some gets the same scores, too.
    """
    for length in (1, PROBE_LENGTH):  # in one step, nothing of an earlier state can fade away
        random = np.random.default_rng(length)
        asked, others = random.integers(words.CHARACTERS, size=(2, PROBE_WORDS, length))
        scores = []
        for rows in (asked, others, asked):
            student.seed("q4/memory", run_seed)
            what = f"{PROBE_WORDS} words should give scores"
            scores.append(expect.array(model(words.inputs(rows)), (PROBE_WORDS, words.LANGUAGES), what))
        first, _, again = scores
        if not expect.is_close(again, first, MEMORY_TOLERANCE):
            letters = "1 letter" if length == 1 else f"{length} letters"
            raise CheckFailed(
                f"{PROBE_WORDS} words of {letters} were scored twice, with {PROBE_WORDS} other words in between. The "
                "scores should be the same; they changed.",
                "The model remembers the other words. Each call should begin with a new state. Does `forward` begin "
                "with the state of the call before?",
            )


_FORGOTTEN = (
    " Each step should use the state of the step before. Does your code set the state back, or leave it out of the new "
    "state?"
)


def _redrawn(student: Student) -> Model:
    """A model with random parameters: start values of 0 hide letters that the code reads, and training changes them."""
    model, random = student.create(TARGET), np.random.default_rng(6)
    drawn = {name: random.standard_normal(value.shape) for name, value in model.parameters().items()}
    model.set_parameters(
        {name: (value / max(value.shape, default=1) ** 0.5).astype(np.float32) for name, value in drawn.items()}
    )
    return model


def _ignored(model: Model, length: int) -> list[int]:
    """The letters of words of a length that do not change the scores; they count from 1."""
    rows = np.random.default_rng(length).integers(words.CHARACTERS, size=(PROBE_WORDS, length))
    what = f"{PROBE_WORDS} words should give scores"
    before = expect.array(model(words.inputs(rows)), (PROBE_WORDS, words.LANGUAGES), what)
    ignored = []
    for position in range(length):
        changed = rows.copy()
        changed[:, position] = (changed[:, position] + 1) % words.CHARACTERS
        after = expect.array(model(words.inputs(changed)), (PROBE_WORDS, words.LANGUAGES), what)
        if np.array_equal(before, after):
            ignored.append(position + 1)
    return ignored


def _why_ignored(ignored: list[int], ignored_in_longer: list[int], steps: bool) -> str:
    """What the letters without effect tell, in words of `PROBE_LENGTH` and of `OTHER_LENGTH` letters.

    Two lengths tell a fixed number of letters from a loop that leaves out the first or the last ones. `steps` is
    whether a layer is called once for each letter.
    """
    used, used_in_longer = (
        [letter for letter in range(1, length + 1) if letter not in without]
        for length, without in ((PROBE_LENGTH, ignored), (OTHER_LENGTH, ignored_in_longer))
    )
    count, count_in_longer = len(used), len(used_in_longer)
    left_out = PROBE_LENGTH - count
    from_first = used == list(range(1, count + 1)) and used_in_longer == list(range(1, count_in_longer + 1))
    until_last = (
        used == list(range(left_out + 1, PROBE_LENGTH + 1))
        and used_in_longer == list(range(OTHER_LENGTH - count_in_longer + 1, OTHER_LENGTH + 1))
    )  # fmt: skip
    is_fixed = count == count_in_longer
    leaves_out_as_many = left_out == OTHER_LENGTH - count_in_longer
    if not count or not (from_first or until_last) or not (is_fixed or leaves_out_as_many):
        return ""
    if is_fixed and count == 1:
        if until_last:
            return f"Only the last letter has an effect.{_FORGOTTEN if steps else ''}"
        return f"Only the first letter has an effect.{' Which letter does each later step read?' if steps else ''}"
    end, other_end = ("first", "end") if from_first else ("last", "begin")
    if is_fixed:
        return (
            f"Only the {end} {count} letters of a word have an effect. Words have any length. Where does the loop "
            f"{other_end}?"
        )
    missing = "last" if from_first else "first"
    which = f"The {missing} letter has" if left_out == 1 else f"The {missing} {left_out} letters have"
    return f"{which} no effect, in short and in long words. Where does the loop {other_end}?"


def _deaf_to_order(model: Model, inputs: np.ndarray) -> str:
    """Whether words with their letters in reverse order score the same; inputs (length, count, 47)."""
    forwards, backwards = (model(np.ascontiguousarray(letters)) for letters in (inputs, inputs[::-1]))
    if expect.is_close(backwards, forwards, ORDER_TOLERANCE):
        return (
            "A word and its letters in reverse order get the same scores. The model does not use the order of the "
            "letters. Does the state pass through a layer of its own in each step?"
        )
    return ""


def _scores_of_letters(text: str) -> str:
    """Whether a loss in training got a number of rows of scores that is not the number of words."""
    sizes = re.search(r"input batch_size \((\d+)\) to match target batch_size \((\d+)\)", text)
    if not sizes or sizes[1] == sizes[2]:
        return ""
    return (
        f"The model gave {sizes[1]} rows of scores for {sizes[2]} words. The model takes the number of words from "
        "dimension 1 of `xs`. Are time and batch exchanged before the model is called?"
    )
