"""Builds what leaves the house: `python -m staff.release OUT` writes student.zip and autograder.zip."""
