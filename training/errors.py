"""What the person at the keyboard can mend."""

from __future__ import annotations


class UserError(Exception):
    """A wrong file, flag, prompt or checkpoint. The text says what was expected, what came and what to do."""
