"""Writes the tables of questions into the texts, from test_cases/*/question.toml."""
