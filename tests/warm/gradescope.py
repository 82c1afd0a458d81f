"""`python -m grading.gradescope` of the project in the current folder, whose fork servers start warm.

Started by `tests.warm.harness`, by its path: the graders' release holds no tests.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    from grading.isolation import forkserver

    spec = importlib.util.spec_from_file_location("warm_start", Path(__file__).with_name("start.py"))
    assert spec is not None
    assert spec.loader is not None
    warm_start = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(warm_start)
    forkserver.start = warm_start.start
    runpy.run_module("grading.gradescope", run_name="__main__", alter_sys=True)
