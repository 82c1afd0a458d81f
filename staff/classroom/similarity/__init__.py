"""Which submissions of a class are alike beyond the starter and what many write? Shows them side by side."""
