"""Shows that the grader does what it claims: mutants, attacks, calibration, benchmarks, pictures."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as autograder.py does: numpy's threads would spin
