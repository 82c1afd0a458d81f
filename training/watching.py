"""How a training run lets itself be watched: it tells of every step; whoever watches changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from torch import Tensor
from torch.nn import Module

Note = Callable[[float, Tensor], None]  # the share of the run that is done, the loss of the step (a scalar)
# Around the training of a model: called with the model and what else its picture's reader needs, gives what is called
# at every step, a `Note` or one that takes the stage's name before that.
Watch = Callable[..., AbstractContextManager[Callable[..., None]]]


@contextmanager
def unwatched(model: Module, *subject: Any) -> Iterator[Callable[..., None]]:
    """Nobody looks."""
    yield lambda *told: None


def window(title: str, picture: str, **details: Any) -> Watch:
    """A live window, where there is a display to show it.

    Args:
        title: of the window.
        picture: the name of the module of its reader.
        details: for the picture's reader, besides what training hands over.
    """
    from pictures.windows.display import has_display

    if not has_display():
        return unwatched
    from pictures.windows.live import Live

    return Live(title).watcher(picture, **details)
