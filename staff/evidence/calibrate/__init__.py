"""Are the thresholds fair? Grades the reference and a mediocre solution on many seeds and measures what is left."""
