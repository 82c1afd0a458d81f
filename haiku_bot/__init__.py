"""Question 8, the provided part: vocabulary, trainer, themes of a message, ranking, chat. Students edit haiku.py, whose
functions are handed to whatever here needs them (functions.py)."""
