"""Numbers that the grader and the student's process share."""

STALE = 0.5  # what lies in `.grad` of both networks before each step
DRAWS_OF_WEIGHTS = 20  # of a discriminator; by chance, all its logits have one sign in two of 2^20 runs
