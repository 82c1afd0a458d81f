"""Imports matplotlib for drawing into files, which needs no window and so no backend of a window."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from startup import packages

BACKEND = "MPLBACKEND"  # names the backend of windows; matplotlib refuses to be imported if the name means nothing


def load() -> ModuleType:
    """The module matplotlib, whatever the environment says of its backend.

    Raises:
        Unusable: matplotlib is missing or cannot be imported; the text says what to do.
    """
    backend = os.environ.pop(BACKEND, None)
    try:
        return importlib.import_module("matplotlib")
    except Exception as error:
        if fault := packages.explained(error):
            raise packages.Unusable(fault) from error
        raise
    finally:
        if backend is not None:
            os.environ[BACKEND] = backend


def fault() -> str:
    """Why nothing can be drawn into files here and what to do; empty if drawing works."""
    try:
        load()
    except packages.Unusable as unusable:
        return str(unusable)
    return ""
