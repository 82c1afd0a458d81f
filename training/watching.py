"""How a training run is watched: watchers get every step and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from torch import Tensor
from torch.nn import Module

Note = Callable[[float, Tensor], None]  # the share of the run that is done, the loss of the step (a scalar)
Watch = Callable[..., AbstractContextManager[Callable[..., None]]]  # of a model and what else its picture needs


@contextmanager
def unwatched(model: Module, *subject: Any) -> Iterator[Callable[..., None]]:
    """Nobody looks."""
    yield lambda *told: None


def window(title: str, picture: str, **details: Any) -> Watch:
    """A live window, where there is a display. `picture` names the module of a reader, `details` are for it."""
    from pictures.windows.display import has_display

    if not has_display():
        return unwatched
    from pictures.windows.live import Live

    return Live(title).watcher(picture, **details)
