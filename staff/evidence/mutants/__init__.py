"""One wrong submission per classic mistake, each a small patch over the reference solutions."""
