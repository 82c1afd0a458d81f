"""Question 8, the provided part: vocabulary, trainer, themes of a message, ranking, chat; students edit haiku.py."""
