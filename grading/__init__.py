"""The grading engine: the trusted side, which never imports student code."""
