"""Shows that the grader does what it claims: mutants, attacks, calibration, benchmarks, pictures."""
