"""Submissions that attack the grader, and the harness that they are run in: `make hostile`."""
