"""What comes before everything else: the version of Python, where modules come from, whether packages can be used.

Any other room may import this one; this one imports none of the project's other modules.
"""

import os

EXIT_USAGE = 2  # the exit status of a program that cannot begin
EXIT_INTERRUPTED = 130  # and of one that Ctrl-C has ended
PROJECT_PATH = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # text: pathlib may not be imported yet


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
