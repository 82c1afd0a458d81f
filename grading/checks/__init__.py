"""What checks are written with: the student's code behind a handle, expectations, diagnoses, the student's source."""
