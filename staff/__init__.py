"""Tools for course staff: never shipped to students."""

from startup.launch import require_python

require_python("staff")
