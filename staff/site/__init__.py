"""Builds the hand-out as a web site: `python -m staff.site OUT`, or `make site`."""
