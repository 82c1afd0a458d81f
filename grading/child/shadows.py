"""Puts functions in front of an object's own for a while: the one way in which watchers see what training calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def shadowed(owner: object, **shadows: Callable[..., Any]) -> Iterator[None]:
    """Set attributes of one object while the block runs.

    Args:
        owner: one dataset, whose methods then stand behind these attributes, or a module.
        shadows: the functions by name. What the object itself held under a name returns afterwards.
    """
    attributes = vars(owner)
    earlier = {name: attributes[name] for name in shadows if name in attributes}
    attributes.update(shadows)
    try:
        yield
    finally:
        attributes.update(earlier)
        for name in shadows.keys() - earlier.keys():
            attributes.pop(name, None)
