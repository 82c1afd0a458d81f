"""The built-in plays: a grammar and a lexicon written by hand, and the program that draws data/plays.txt."""
