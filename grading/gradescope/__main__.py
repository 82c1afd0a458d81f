"""What run_autograder calls: `python -m grading.gradescope [--root /autograder]`."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from grading import report
from grading.console import Console
from grading.gradescope import results, run, settings
from grading.questions import QuestionError


def main(argv: list[str] | None = None) -> int:
    """Grade what lies under the root; returns 0 when results.json tells how it went, whatever it tells."""
    parser = argparse.ArgumentParser(prog="python -m grading.gradescope", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("/autograder"), help="the harness's folder")
    root = parser.parse_args(argv).root.resolve()
    if not root.is_dir():
        parser.error(f"--root {root}: this folder does not exist. On Gradescope it is /autograder")
    try:
        run.grade(root, settings.load(), Console())
    except Exception as error:  # even then the student must be told, and told that it is not their fault
        if isinstance(error, (settings.SettingsError, QuestionError)):
            print(f"grading.gradescope: error: {error}")
        else:
            traceback.print_exc(file=sys.stdout)
        text = "The autograder is not set up correctly. This is not your fault: please tell the course staff."
        document = results.message_only(text, 0.0, None, {"grader_failure": results.clean(str(error))})
        (root / "results").mkdir(exist_ok=True)
        report.write_json(document, root / "results" / "results.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
