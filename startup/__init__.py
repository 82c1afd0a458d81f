"""What comes before everything else: the version of Python, where modules come from, whether packages can be used.

Any other room may import this one; this one imports none of the project's other modules.
"""

import os

EXIT_USAGE = 2  # the exit status of a program that cannot begin
PROJECT_DIRECTORY = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
