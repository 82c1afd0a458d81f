"""Builds data/lang_id.npz, the words of five languages that the language question learns from."""
