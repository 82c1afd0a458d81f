"""Imported first by a package whose modules students run with `python -m`: does then what `startup.launch.run` does.

Python puts the current folder first on the search path for `python -m`, and imports the package before the module. The
first element of `sys.argv` is "-m" meanwhile. In every other case importing this module does nothing.
"""

import sys

from startup.launch import protect, require_python, tolerate_odd_characters

if sys.argv[:1] == ["-m"]:
    require_python("python -m")
    protect()
    tolerate_odd_characters()
