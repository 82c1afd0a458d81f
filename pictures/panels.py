"""What a report shows of an exhibit: charts with captions, wrong answers, texts. The page draws them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

MAX_TURNS, MAX_TEXT_CHARACTERS = 12, 600  # of a conversation, and of each text in it


@dataclass(frozen=True)
class Chart:
    """A drawing on axes of its own.

    Attributes:
        draw: draws on matplotlib axes; on an array of axes (rows, columns) if there is a `grid`.
        width, height: in inches.
        caption: below the chart.
        alt: what the chart shows, for those who do not see it.
        grid: rows and columns of axes, or None for one.
        is_wide: the chart wants a row of the page for itself.
    """

    draw: Callable[[Any], None]
    width: float
    height: float
    caption: str
    alt: str
    grid: tuple[int, int] | None = None
    is_wide: bool = False


@dataclass(frozen=True)
class WindowPicture:
    """What a live window would show of a state.

    Attributes:
        state: of a picture's module, which also has `draw(axes, state)`.
        scale: of the window; in a smaller one, letters are larger for their surroundings.
        caption, alt, is_wide: as those of `Chart`.
    """

    state: Any
    caption: str
    alt: str
    scale: float = 1.0
    is_wide: bool = False

    @property
    def module(self) -> str:
        """The dotted name of the picture's module."""
        return type(self.state).__module__


@dataclass(frozen=True)
class WrongAnswer:
    """One wrong answer of a model.

    Attributes:
        right, answer: in words.
        confidence: the probability that the model gave its answer.
        image: uint8 (height, width), 0 paper to 255 ink, what the model was asked about; or None.
        text: what the model was asked about, where that is text.
    """

    right: str
    answer: str
    confidence: float
    image: np.ndarray | None = None
    text: str = ""


@dataclass(frozen=True)
class WrongAnswers:
    """Wrong answers that a model was sure of; at least one."""

    caption: str
    answers: tuple[WrongAnswer, ...]
    is_wide: ClassVar[bool] = False


@dataclass(frozen=True)
class Writing:
    """Beginnings, and how a model went on with them."""

    caption: str
    pairs: tuple[tuple[str, str], ...]
    is_wide: ClassVar[bool] = True


@dataclass(frozen=True)
class Talk:
    """Messages and answers."""

    caption: str
    pairs: tuple[tuple[str, str], ...]
    is_wide: ClassVar[bool] = True


Panel = Chart | WindowPicture | WrongAnswers | Writing | Talk


class Exhibit(Protocol):
    """Arrays or texts that a check sets aside to be looked at. No point depends on them."""

    def panels(self) -> list[Panel]:
        """What to show of it."""


@dataclass(frozen=True)
class Samples:
    """Texts that a model wrote, each with what it was given to go on with."""

    texts: tuple[tuple[str, str], ...]

    def panels(self) -> list[Panel]:
        """The texts, each with its beginning set apart."""
        return [Writing("How your model goes on with beginnings that it has not seen", self.texts)]


@dataclass(frozen=True)
class Conversation:
    """Messages and a bot's answers."""

    turns: tuple[tuple[str, str], ...]

    def panels(self) -> list[Panel]:
        """The first turns."""
        turns = tuple((clipped(message), clipped(answer)) for message, answer in self.turns[:MAX_TURNS])
        rest = f" ({MAX_TURNS} of {len(self.turns)})" if len(self.turns) > MAX_TURNS else ""
        return [Talk(f"What your bot answered{rest}", turns)]


def clipped(text: str, most: int = MAX_TEXT_CHARACTERS) -> str:
    """A text, or its beginning and how much there is more of it."""
    return text if len(text) <= most else f"{text[:most]} … and {len(text) - most:,} more characters"
