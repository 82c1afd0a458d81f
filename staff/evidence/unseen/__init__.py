"""Mistakes that nobody who writes checks has read: held back to judge what the grader says to students."""
