"""What the command line starts: one run, from flags to the last report."""
