"""Grades the project: `python autograder.py`, or `python autograder.py -q q3` for one question."""

import sys

if __name__ == "__main__":
    try:
        from grading.cli import main
    except ModuleNotFoundError as error:
        fixes = {
            "numpy": "numpy is not installed. Run `pip install -r requirements.txt` in the environment you use.",
            "tomllib": f"this project needs Python 3.11 or newer; this is Python {sys.version.split()[0]}.",
        }
        if error.name not in fixes:
            raise
        print(f"autograder.py: error: {fixes[error.name]}", file=sys.stderr)
        sys.exit(2)
    sys.exit(main())
