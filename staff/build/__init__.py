"""Builds what data/ and test_cases/ hold: digits, words, plays, haiku, stored cases."""
