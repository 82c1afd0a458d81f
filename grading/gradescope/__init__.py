"""Grades one submission under Gradescope's harness, or as it would be there: `python -m grading.gradescope`."""
