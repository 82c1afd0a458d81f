"""What answers of a classifier show: which class was taken for which, and the surest mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pictures import charts
from pictures.panels import Chart, Panel, WrongAnswer, WrongAnswers

MAX_MISTAKES = 12  # in the list of the surest ones


def softmax(logits: np.ndarray) -> np.ndarray:
    """The probabilities of scores (count, classes)."""
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def confusion(
    answers: np.ndarray, labels: np.ndarray, names: Sequence[str], nouns: str, classes: Sequence[int]
) -> list[Panel]:
    """A confusion matrix.

    Args:
        answers, labels: class numbers, int (count,).
        names: of all classes.
        nouns: what was classified, such as `images`.
        classes: those to be shown; others that were answered are shown, too.
    """
    shown = sorted(set(classes) | set(np.unique(answers).tolist()))
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (labels, answers), 1)
    mistakes = counts * (1 - np.eye(len(names), dtype=np.int64))
    total, wrong = len(labels), int(mistakes.sum())
    caption = f"All {total:,} {nouns} right"
    if wrong:
        caption = f"What was taken for what: {wrong:,} of {total:,} {nouns} wrong"
        row, column = (int(place) for place in np.unravel_index(int(mistakes.argmax()), mistakes.shape))
        caption += f", most often {names[row]} as {names[column]} ({mistakes[row, column]:,} times)"
    some_counts, some_names = counts[np.ix_(shown, shown)], [names[number] for number in shown]
    draw = partial(charts.confusion_matrix, counts=some_counts, names=some_names)
    return [Chart(draw, 4.4, 4.2, caption, f"Confusion matrix. {caption}.")]


def surest_mistakes(
    probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str], shown: Callable[[int], dict[str, Any]]
) -> list[Panel]:
    """The wrong answers with the highest probability; nothing if there are none.

    Args:
        probabilities: of each class, (count, classes).
        labels: class numbers, int (count,).
        names: of all classes.
        shown: gives `image` or `text` of a row, see `WrongAnswer`.
    """
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    surest = wrong[np.argsort(-probabilities[wrong, answers[wrong]], kind="stable")][:MAX_MISTAKES]
    if not len(surest):
        return []
    found = [
        WrongAnswer(names[labels[row]], names[answers[row]], float(probabilities[row].max()), **shown(row))
        for row in surest.tolist()
    ]
    return [WrongAnswers("Mistakes that your model was surest of", tuple(found))]
