"""The trained part of elective 7: the grader translates with the trained weights, by formulas of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from data import Library, Split, Splits
from grading.checks import course, diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from test_cases.e7 import reference
from test_cases.e7.public import data
from test_cases.e7.public.charts import BleuByLength
from test_cases.e7.public.language import SOURCE, TARGET
from test_cases.e7.public.picture import Alignment, shown_row, state_of

DATA = "test_cases.e7.public.data"
MODULE = "electives.translation"
SCORE, NO_SCORE, UNITS = "general", "none", 64
MAX_ROUNDS = 40  # no right translation has more words
AGREE = 1e-3  # float32 sums in another order, through some twenty states, agree to about 1e-5
FEW = 8  # sentences on which the student's model is compared with its weights
KNOWS_WORDS = 0.9  # a share of words: with so many right, the searches or the end of sentences are at fault


def parameters_of(model: Model, score: str, source_words: int, target_words: int, units: int) -> dict[str, np.ndarray]:
    """The parameters of a `Translator`, float64, of the shapes that its layers have."""
    found = model.parameters()
    shapes = reference.shapes(score, source_words, target_words, units)
    hint = "`__init__` of Translator is complete; leave its layers as they are."
    return {
        name: expect.array(found.get(name), shape, f"Translator should hold {name}", hint)
        for name, shape in shapes.items()
    }


def translation(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """Train with attention and look at BLEU and alignment; then train without attention, to compare."""
    splits = library.load(DATA)
    assert splits.test is not None
    test, counts = splits.test, data.lengths(splits.test.source)
    is_usual = counts <= data.MAX_LENGTH
    model, training = _trained(student, splits, SCORE)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        reader = _reader(model, SCORE)
    _require_agreement(student, model, reader, splits)
    translations = reader.translate(test.source, MAX_ROUNDS)
    logits, weights = reader.forced(test.source, test.target)
    assert weights is not None
    share = _bleu(translations, test, is_usual)
    right = weights.argmax(axis=2) == test.alignment
    aligned = float(right[is_usual][test.alignment[is_usual] >= 0].mean())
    student.record("test_bleu", share)
    student.record("alignment", aligned)
    student.record("long_bleu", _bleu(translations, test, ~is_usual))
    predicted = logits.argmax(axis=2)
    for kind, chosen in (
        (f"a sentence longer than the {data.MAX_LENGTH} words of training", counts > data.MAX_LENGTH + 3),
        ("a sentence as long as those of training", is_usual),
    ):
        student.exhibit(partial(_alignment, test, predicted, weights, chosen, kind))
    words = float((predicted == test.target)[is_usual][test.target[is_usual] != data.PADDING].mean())
    with diagnosis.explained(lambda text: diagnosis.training(training) or diagnosis.coverage(training)):
        what = f"BLEU of new sentences of up to {data.MAX_LENGTH} words"
        expect.at_least(share, thresholds["minimum_test_bleu"], what, _seen(training, words))
        what = "the share of words whose largest weight is at the source word that they come from"
        hint = f"BLEU is {expect.percentage(share)}. Are there more updates to make, or smaller ones at the end?"
        expect.at_least(aligned, thresholds["minimum_alignment"], what, hint)
    student.advise(training)
    _compare(student, splits, translations)


def _compare(student: Student, splits: Splits, translations: list[list[int]]) -> None:
    """Train a translator without attention, and set both curves of BLEU aside. It has no threshold."""
    assert splits.test is not None
    test, counts = splits.test, data.lengths(splits.test.source)
    model, _ = _trained(student, splits, NO_SCORE, is_watched=False)
    with_one_state = _reader(model, NO_SCORE).translate(test.source, MAX_ROUNDS)
    student.record("bottleneck_bleu", _bleu(with_one_state, test, counts <= data.MAX_LENGTH))
    student.record("bottleneck_long_bleu", _bleu(with_one_state, test, counts > data.MAX_LENGTH))
    groups = [
        group
        for least in range(data.SHORTEST, data.LONGEST, data.GROUP)
        if (group := (counts >= least) & (counts < least + data.GROUP)).any()
    ]
    scores = {
        name: np.array([_bleu(found, test, group) for group in groups])
        for name, found in (("with attention", translations), ("without attention", with_one_state))
    }
    lengths = np.array([counts[group].mean() for group in groups])
    student.exhibit(lambda: BleuByLength(lengths, scores, data.MAX_LENGTH))


def _trained(student: Student, splits: Splits, score: str, is_watched: bool = True) -> tuple[Model, Training]:
    model = student.create(f"{MODULE}.Translator", score, len(SOURCE), len(TARGET), UNITS)
    with diagnosis.explained(diagnosis.crash_in_training):
        return model, student.train(f"{MODULE}.train_translator", model, splits, is_watched=is_watched)


def _reader(model: Model, score: str) -> reference.Reader:
    """The trained translator in the grader's own formulas."""
    return reference.Reader(score, parameters_of(model, score, len(SOURCE), len(TARGET), UNITS))


def _require_agreement(student: Student, model: Model, reader: reference.Reader, splits: Splits) -> None:
    """The trained model gives the logits that its weights give."""
    assert splits.validation is not None
    source, target = splits.validation.source[:FEW], splits.validation.target[:FEW]
    logits, _ = reader.forced(source, target)
    what = "the trained Translator should give logits"
    own = expect.array(model(source, target), logits.shape, what)
    expect.close(own, logits, AGREE, f"{what} that its weights give by the formulas,", "Was the class changed?")


def _bleu(translations: Sequence[list[int]], split: Split, chosen: np.ndarray) -> float:
    """BLEU of some sentences of a split, chosen by a bool for each."""
    rows = np.flatnonzero(chosen).tolist()
    right = [reference.before_end(split.target[row].tolist()) for row in rows]
    return reference.bleu([translations[row] for row in rows], right)


def _seen(training: Training, words: float) -> str:
    """What was seen of a training that did not suffice."""
    told = (
        f"With the right words before, {expect.percentage(words)} of its words are right. In a translation, every "
        "wrong word leads to others."
    )
    more = "A sentence of 12 words needs all of them." if words > KNOWS_WORDS else ""
    return " ".join(filter(None, (told, more, course.told(training, len(TARGET)))))


def _alignment(test: Split, predicted: np.ndarray, weights: np.ndarray, chosen: np.ndarray, kind: str) -> Alignment:
    """The attention on the first long sentence among some."""
    source = test.source[chosen]
    right, positions = test.target[chosen], test.alignment[chosen]
    state = state_of(SCORE, source, right, positions, predicted[chosen], weights[chosen], shown_row(source))
    return Alignment(state, kind)
