"""The practice exam: the numbers of its questions, and the parts of its page that answer to the reader."""

from staff.site.exam.numbers import ANSWERS
from staff.site.exam.parts import ask, checklist, shown

__all__ = ["ANSWERS", "ask", "checklist", "shown"]
