"""Adds a question: copies the folder `template/`, a small question that is whole, for its author to replace."""
