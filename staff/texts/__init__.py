"""Writes the parts of the texts that follow from the code: tables of questions, the map of files."""
