"""What checks set aside to be looked at: arrays with a meaning. A report draws them; no point depends on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LearningCurve:
    """How one training run went, as the student's process told while it ran.

    Attributes:
        name: of what was called, such as `train.train_perceptron`.
        accuracies: epochs and validation accuracy, float64 (count, 2); what training asked for itself.
        losses: updates so far and the mean loss since the row before, float64 (count, 2).
    """

    name: str
    accuracies: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class SeparatedPoints:
    """Points in the plane and a line between them.

    Attributes:
        positions: float (count, 2).
        labels: 1 or -1, (count,).
        weights: of the two coordinates and of the constant 1, (3,).
    """

    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class FittedCurve:
    """A model of one variable and what it was to follow; all (count,), x ascending."""

    x: np.ndarray
    targets: np.ndarray
    predictions: np.ndarray


@dataclass(frozen=True)
class ReadDigits:
    """Images and a model's scores for them.

    Attributes:
        images: uint8 (count, 784), 0 paper to 255 ink.
        labels: int (count,).
        logits: finite, (count, 10).
    """

    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True)
class ReadWords:
    """Words and a model's scores for their languages.

    Attributes:
        rows: groups of words of one length each, letter numbers (group's count, length).
        labels: language numbers of all groups in turn, (count,).
        logits: finite, of all groups in turn, (count, languages).
        characters: the letter of each number.
        languages: the name of each language number.
    """

    rows: tuple[np.ndarray, ...]
    labels: np.ndarray
    logits: np.ndarray
    characters: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Convolution:
    """A learned kernel (height, width) and what it makes of some images: (count, h, w) to (count, h', w')."""

    kernel: np.ndarray
    images: np.ndarray
    feature_maps: np.ndarray


@dataclass(frozen=True)
class AttentionWeights:
    """One block's weights: how much position i takes from position j.

    Attributes:
        weights: as the student's block has them, (time, time).
        expected: as they should be, (time, time).
        names: of the positions, such as letters; empty for numbers.
    """

    weights: np.ndarray
    expected: np.ndarray
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Samples:
    """Texts that a model wrote, each with what it was given to go on with."""

    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Conversation:
    """Messages and a bot's answers."""

    turns: tuple[tuple[str, str], ...]


Exhibit = (
    LearningCurve
    | SeparatedPoints
    | FittedCurve
    | ReadDigits
    | ReadWords
    | Convolution
    | AttentionWeights
    | Samples
    | Conversation
)
