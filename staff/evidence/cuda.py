"""Is a model that trains on a GPU graded there? `python -m staff.evidence.cuda` tries it on this machine's GPU.

The reference solutions are changed so that every training function moves its model and its batches to the GPU. They
must get full marks, with accuracies near those of the CPU. Without CUDA there is nothing to try.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import tempfile
from pathlib import Path

from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import QuestionResult
from grading.questions import Question, discover
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending

DEFAULT_QUESTIONS = "q1,q2,q3,q4,q5,q6"
NEAR = 0.03  # of accuracy, between a GPU's sums and those of the CPU: one of elective 11's 40 bots is 0.025
EXIT_GRADED, EXIT_NOT, EXIT_NOTHING_TO_TRY = 0, 1, 77
TRAINING = re.compile(
    r"(?P<head>^def \w+\((?P<model>model|policy): \w+, dataset: \w+.*\) -> None:\n(?:(?!^def )[^\0])*?"
    r"# BEGIN SOLUTION\n)(?P<indent> +)",
    re.MULTILINE,
)


def main(argv: list[str] | None = None) -> int:
    """Print a line for each question; returns 0 if all is as it should be, 1 if not, 77 without CUDA."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.cuda", description=__doc__.partition("`")[0])
    parser.add_argument("--questions", default=DEFAULT_QUESTIONS, metavar="qN,qM", help=f"default {DEFAULT_QUESTIONS}")
    parser.add_argument("--device", default="cuda", help="where training moves to (default cuda; cpu tries the script)")
    arguments = parser.parse_args(argv)
    names = arguments.questions.split(",")
    asked = [question for question in discover() if question.id in names]
    if unknown := set(names) - {question.id for question in asked}:
        parser.error(f"--questions: there is no question {', '.join(sorted(unknown))}")
    if reason := _missing(arguments.device):
        print(f"staff.evidence.cuda: skipped: {reason}")
        return EXIT_NOTHING_TO_TRY
    with tempfile.TemporaryDirectory() as name, Engine(Settings(SOLUTIONS_DIRECTORY), Console(io.StringIO())) as engine:
        moved = Path(name).resolve()
        write_moved_solutions(moved, arguments.device)
        complaints = [complaint for question in asked for complaint in _compared(engine, question, moved)]
    print("\n".join(complaints) or "Every question is graded alike.")
    return EXIT_NOT if complaints else EXIT_GRADED


def write_moved_solutions(directory: Path, device: str) -> None:
    """Copy the reference solutions; every training function moves its model and its batches to a device."""
    shutil.copytree(SOLUTIONS_DIRECTORY, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (directory / "train.py", *sorted((directory / "electives").glob("*.py"))):
        text = path.read_text(encoding="utf-8")
        text = TRAINING.sub(rf"\g<head>\g<indent>\g<model>.to({device!r})\n\g<indent>", text)
        text = re.sub(r'(?<!`)batch\["(\w+)"\](?!:)', rf'batch["\1"].to({device!r})', text)
        path.write_text(text, encoding="utf-8")


def _compared(engine: Engine, question: Question, moved: Path) -> list[str]:
    """What is wrong with a question whose training moves, compared with the same one on the CPU."""
    (there,) = engine.grade([question], code_directory=moved)
    (here,) = engine.grade([question], code_directory=SOLUTIONS_DIRECTORY)
    print(f"{question.id:<5}{_told(there)}   on the CPU: {_told(here)}", flush=True)
    complaints = [f"{question.id}: {outcome.message}" for outcome in there.outcomes if outcome.message]
    for name, value in here.metrics.items():
        if "accuracy" in name and abs(there.metrics.get(name, 0.0) - value) > NEAR:
            complaints.append(f"{question.id}: {name} is {there.metrics.get(name)}, and {value} on the CPU")
    return complaints


def _told(result: QuestionResult) -> str:
    metrics = " ".join(f"{name}={value:g}" for name, value in result.metrics.items())
    return f"{result.score:g}/{result.max_score:g} in {result.seconds:.1f} s {metrics}"


def _missing(device: str) -> str:
    """Why there is nothing to try; "" if there is."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return f"torch {torch.__version__} finds no CUDA device here"
    return ""


if __name__ == "__main__":
    ending.run(main)
