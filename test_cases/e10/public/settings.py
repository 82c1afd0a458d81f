"""Numbers that the grader and the student's process share."""

STALE = 0.5  # what lies in `.grad` of both networks before each step
