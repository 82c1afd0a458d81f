"""Grades the project: `python autograder.py`, or `python autograder.py -q q3` for one question."""

import os
import sys

if __name__ in ("__main__", "__mp_main__"):  # the second is the name in a data loader's worker process
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from startup.launch import run

    one_thread = {"OPENBLAS_NUM_THREADS": "1"}  # numpy's threads would spin while torch trains
    run("autograder.py", "grading.cli", is_worker=__name__ == "__mp_main__", variables=one_thread)
