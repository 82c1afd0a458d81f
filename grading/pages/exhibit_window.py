"""Shows in a window what checks have set aside, for a question that trains nothing: the attention of question 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pictures.panels import Exhibit, WindowPicture
from pictures.windows.display import has_display

SECONDS = 3.0  # to look at it; who has seen enough closes the window


def show(title: str, exhibits: Sequence[Exhibit], say: Callable[[str], None]) -> None:
    """Show the first window picture of each exhibit, if a window can be opened; return when the last one is gone.

    Args:
        title: of the windows.
        exhibits: those of a question that are meant for its window.
        say: is told, in one line, why there is no window or no picture although there is a display.
    """
    if not exhibits or not has_display():
        return
    from pictures.windows.window import ViewerWindow, WindowFailed

    for exhibit in exhibits:
        try:
            shown = next((panel for panel in exhibit.panels() if isinstance(panel, WindowPicture)), None)
        except Exception as error:  # numbers may be as wild as they like: a picture less, never the question's result
            say(f"(no picture: {error})")
            continue
        if shown is None:
            continue
        try:
            window = ViewerWindow(title, shown.module)
        except (WindowFailed, OSError) as error:
            say(f"(no picture: {error})")
            return
        try:
            window.show(None, vars(shown.state))
            window.wait_until_idle(SECONDS)
            window.linger(SECONDS)
        finally:
            window.close()
