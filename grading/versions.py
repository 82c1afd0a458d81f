"""What a run was graded with."""

from __future__ import annotations

import importlib.metadata
import platform


def installed_versions() -> dict[str, str]:
    """Versions by name: python, torch, numpy."""
    versions = {"python": platform.python_version()}
    for package in ("torch", "numpy"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions
