"""Shows in a window what checks have set aside, for a question that trains nothing: the attention of question 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grading.checks.exhibits import AttentionWeights, Exhibit
from pictures.windows.display import has_display

SECONDS = 3.0  # to look at it; who has seen enough closes the window


def show(title: str, exhibits: Sequence[Exhibit], say: Callable[[str], None]) -> None:
    """Show the attention among the exhibits, if there is one and a window can be opened; return when it is gone.

    Args:
        title: of the window.
        exhibits: of a question.
        say: is told, in one line, why there is no window although there is a display.
    """
    found = [exhibit for exhibit in exhibits if isinstance(exhibit, AttentionWeights)]
    if not found or not has_display():
        return
    from pictures.attention import State
    from pictures.windows.window import ViewerWindow, WindowFailed

    try:
        window = ViewerWindow(title, "attention")
    except (WindowFailed, OSError) as error:
        say(f"(no picture: {error})")
        return
    try:
        for exhibit in found:
            window.show(None, vars(State(exhibit.weights, list(exhibit.names))))
            window.wait_until_idle(SECONDS)
            window.linger(SECONDS)
    finally:
        window.close()
