"""Tools for course staff: never shipped to students."""
