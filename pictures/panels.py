"""What the page shows of each exhibit: figures with their captions, mistakes, texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from grading.checks.exhibits import (
    AttentionWeights,
    Conversation,
    Convolution,
    Exhibit,
    FittedCurve,
    LearningCurve,
    ReadDigits,
    ReadWords,
    Samples,
    SeparatedPoints,
)
from grading.pages import charts, figures
from pictures import attention, digit_field, separating_line, style, word_bars

SIDE = 28
DIGITS_PER_CLASS, MISTAKES_PER_CLASS = 8, 5  # in the field of digits
MAX_MISTAKES = 12  # in a list of the most confident ones
WORDS_PER_LANGUAGE = 2
EASY_TO_READ = (5, 10)  # letters
NOTICEABLE = 1e-3  # attention weights further off than this are shown beside the right ones
MAX_TURNS, MAX_CHARACTERS = 12, 600  # of a conversation, and of each text in it


@dataclass(frozen=True)
class Picture:
    """An image with a caption; `alt` says what it shows to those who do not see it."""

    address: str
    caption: str
    alt: str
    is_wide: bool = False
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Mistake:
    """One wrong answer. `address` is an image of what was asked, or `text` holds it."""

    right: str
    answer: str
    confidence: float
    address: str = ""
    text: str = ""


@dataclass(frozen=True)
class Mistakes:
    """Wrong answers that a model was sure of."""

    caption: str
    mistakes: tuple[Mistake, ...]
    kind: ClassVar[str] = "mistakes"
    is_wide: ClassVar[bool] = False


@dataclass(frozen=True)
class Writing:
    """Beginnings, and how a model went on with them."""

    caption: str
    pairs: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "writing"
    is_wide: ClassVar[bool] = True


@dataclass(frozen=True)
class Talk:
    """Messages and answers."""

    caption: str
    pairs: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "talk"
    is_wide: ClassVar[bool] = True


Panel = Picture | Mistakes | Writing | Talk


def panels(exhibit: Exhibit) -> list[Panel]:
    """What to show of an exhibit."""
    return _MAKERS[type(exhibit)](exhibit)


def rows(shown: list[Panel]) -> list[list[Panel]]:
    """Panels in rows of one or two, in order; a wide one has a row of its own."""
    found: list[list[Panel]] = []
    for panel in shown:
        if found and len(found[-1]) == 1 and not panel.is_wide and not found[-1][0].is_wide:
            found[-1].append(panel)
        else:
            found.append([panel])
    return found


def _learning_curve(curve: LearningCurve) -> list[Panel]:
    name = curve.name.removeprefix("train.")
    found: list[Panel] = []
    for rows, across, what, is_share in (
        (curve.accuracies, "epochs", "Validation accuracy", True),
        (curve.losses, "updates", "Training loss", False),
    ):
        if len(rows):
            first, last = (style.share(value) if is_share else f"{value:.3g}" for value in (rows[0, 1], rows[-1, 1]))
            address = figures.chart(
                lambda axes, rows=rows, across=across, is_share=is_share: charts.learning_curve(  # type: ignore[misc]
                    axes, rows, across, is_share
                ),
                4.5,
                2.7,
            )
            alt = f"{what} over {across}: from {first} to {last} after {rows[-1, 0]:.4g} {across}."
            found.append(Picture(address, f"{what} while {name} ran", alt))
    return found


def _separated_points(exhibit: SeparatedPoints) -> list[Panel]:
    state = separating_line.State(
        exhibit.positions, exhibit.labels, np.asarray(exhibit.weights), np.zeros((0, 3), np.float32)
    )
    caption = f"The line that your perceptron draws: {state.caption}"
    return [Picture(figures.live_picture(separating_line.draw, state, scale=0.88), caption, caption)]


def _fitted_curve(exhibit: FittedCurve) -> list[Panel]:
    error = float(np.square(exhibit.predictions - exhibit.targets).mean())
    address = figures.chart(
        lambda axes: charts.fitted_curve(axes, exhibit.x, exhibit.targets, exhibit.predictions), 4.5, 2.7
    )
    caption = f"Your model and the sine: mean squared error {error:.3g}"
    return [Picture(address, caption, caption)]


def _read_digits(exhibit: ReadDigits) -> list[Panel]:
    probabilities, answers = _softmax(exhibit.logits), exhibit.logits.argmax(axis=1)
    labels = exhibit.labels
    wrong = _surest_mistakes(probabilities, answers, labels)
    rows: set[int] = set()
    for label in np.unique(labels):
        rows |= set(np.flatnonzero(labels == label)[:DIGITS_PER_CLASS].tolist())
        rows |= set([row for row in wrong if labels[row] == label][:MISTAKES_PER_CLASS])
    chosen = sorted(rows)
    accuracy = float((answers == labels).mean())
    state = digit_field.State(
        images=exhibit.images[chosen],
        labels=labels[chosen],
        answers=answers[chosen],
        probabilities=np.take_along_axis(probabilities, labels[:, None], axis=1)[chosen, 0].astype(np.float32),
        accuracy=accuracy,
        sample=len(labels),
    )
    caption = "Test images, from left to right by the probability that your model gives the right digit"
    alt = f"{caption}. {style.share(accuracy)} of {len(labels):,} are read right."
    classes = np.unique(labels).tolist()
    found: list[Panel] = [Picture(figures.live_picture(digit_field.draw, state), caption, alt, is_wide=True)]
    found += _confusion(answers, labels, [str(label) for label in range(10)], "images", classes)
    if wrong:
        cards = [
            Mistake(
                right=str(labels[row]),
                answer=str(answers[row]),
                confidence=float(probabilities[row, answers[row]]),
                address=figures.pixels(exhibit.images[row].reshape(SIDE, SIDE)),
            )
            for row in wrong[:MAX_MISTAKES]
        ]
        found.append(Mistakes("Mistakes that your model was surest of", tuple(cards)))
    return found


def _read_words(exhibit: ReadWords) -> list[Panel]:
    probabilities, answers, labels = _softmax(exhibit.logits), exhibit.logits.argmax(axis=1), exhibit.labels
    words = ["".join(exhibit.characters[letter] for letter in row) for group in exhibit.rows for row in group.tolist()]
    languages = list(exhibit.languages)
    readable = np.array([EASY_TO_READ[0] <= len(word) <= EASY_TO_READ[1] for word in words])
    shown: list[int] = []
    for language in range(len(languages)):
        places = np.flatnonzero(readable & (labels == language))
        shown += places[np.linspace(0, len(places) - 1, WORDS_PER_LANGUAGE + 2).astype(int)[1:-1]].tolist()
    accuracy = float((answers == labels).mean())
    state = word_bars.State(
        words=[words[row] for row in shown],
        labels=labels[shown],
        probabilities=probabilities[shown].astype(np.float32),
        languages=languages,
        accuracy=accuracy,
        sample=len(words),
    )
    caption = "Some test words, and the probability that your model gives each language"
    alt = f"{caption}. {style.share(accuracy)} of {len(words):,} words are told right."
    found: list[Panel] = [Picture(figures.live_picture(word_bars.draw, state), caption, alt, is_wide=True)]
    found += _confusion(answers, labels, languages, "words", list(range(len(languages))))
    if wrong := _surest_mistakes(probabilities, answers, labels)[:MAX_MISTAKES]:
        rows = [
            Mistake(languages[labels[row]], languages[answers[row]], float(probabilities[row].max()), text=words[row])
            for row in wrong
        ]
        found.append(Mistakes("Mistakes that your model was surest of", tuple(rows)))
    return found


def _convolution(exhibit: Convolution) -> list[Panel]:
    count = len(exhibit.images)
    maps = figures.grid(
        lambda axes: charts.feature_maps(axes, exhibit.images, exhibit.feature_maps), 2, count, 0.9 * count, 1.9
    )
    rows = "; ".join(" ".join(f"{value:.2g}" for value in row) for row in exhibit.kernel)
    return [
        Picture(
            figures.chart(lambda axes: charts.kernel(axes, exhibit.kernel), 1.9, 1.9),
            "The kernel that your model has learned",
            f"The learned kernel, row by row: {rows}.",
        ),
        Picture(maps, "Test images, and what your Convolve makes of them with it: blue above zero, orange below",
                "Test images and their feature maps."),
    ]  # fmt: skip


def _attention(exhibit: AttentionWeights) -> list[Panel]:
    differs = float(np.abs(exhibit.weights - exhibit.expected).max()) > NOTICEABLE
    shown = [(exhibit.weights, "Your attention: how much each position takes from each")]
    if differs:
        shown.append((exhibit.expected, "As it should be for the same input"))
    found: list[Panel] = []
    for weights, caption in shown:
        address = figures.live_picture(attention.draw, attention.State(weights, list(exhibit.names)), scale=0.85)
        found.append(Picture(address, caption, f"{caption}. {_rows(weights)}"))
    return found


def _samples(exhibit: Samples) -> list[Panel]:
    return [Writing("How your model goes on with beginnings that it has not seen", exhibit.texts)]


def _conversation(exhibit: Conversation) -> list[Panel]:
    turns = tuple((clipped(message), clipped(answer)) for message, answer in exhibit.turns[:MAX_TURNS])
    rest = f" ({MAX_TURNS} of {len(exhibit.turns)})" if len(exhibit.turns) > MAX_TURNS else ""
    return [Talk(f"What your bot answered{rest}", turns)]


def clipped(text: str, most: int = MAX_CHARACTERS) -> str:
    """A text, or its beginning and how much there is more of it."""
    return text if len(text) <= most else f"{text[:most]} … and {len(text) - most:,} more characters"


def _confusion(
    answers: np.ndarray, labels: np.ndarray, names: list[str], nouns: str, classes: list[int]
) -> list[Panel]:
    """A confusion matrix over `classes` and whatever else was answered."""
    shown = sorted(set(classes) | set(np.unique(answers).tolist()))
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (labels, answers), 1)
    mistakes = counts * (1 - np.eye(len(names), dtype=np.int64))
    total, wrong = len(labels), int(mistakes.sum())
    caption = f"All {total:,} {nouns} right"
    if wrong:
        caption = f"What was taken for what: {wrong:,} of {total:,} {nouns} wrong"
        row, column = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
        caption += f", most often {names[row]} as {names[column]} ({mistakes[row, column]:,} times)"
    chosen = counts[np.ix_(shown, shown)]
    some_names = [names[number] for number in shown]
    address = figures.chart(lambda axes: charts.confusion_matrix(axes, chosen, some_names), 4.4, 4.2)
    return [Picture(address, caption, f"Confusion matrix. {caption}.")]


def _surest_mistakes(probabilities: np.ndarray, answers: np.ndarray, labels: np.ndarray) -> list[int]:
    """Rows of wrong answers, the one with the highest probability first."""
    wrong = np.flatnonzero(answers != labels)
    return [int(row) for row in wrong[np.argsort(-probabilities[wrong, answers[wrong]], kind="stable")]]


def _softmax(logits: np.ndarray) -> np.ndarray:
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def _rows(weights: np.ndarray) -> str:
    """A small matrix in words: which position each looks at most."""
    most = weights.argmax(axis=1) + 1
    return "Most from: " + ", ".join(f"{row} from {column}" for row, column in enumerate(most.tolist(), start=1)) + "."


_MAKERS: dict[type, Callable[[Any], list[Panel]]] = {
    LearningCurve: _learning_curve,
    SeparatedPoints: _separated_points,
    FittedCurve: _fitted_curve,
    ReadDigits: _read_digits,
    ReadWords: _read_words,
    Convolution: _convolution,
    AttentionWeights: _attention,
    Samples: _samples,
    Conversation: _conversation,
}
