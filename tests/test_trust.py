"""The trust boundary: the grader loads no student code and no torch, the student process gets no test labels."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import Library
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.questions import discover
from tests.support import PROJECT, SOLUTIONS

SHOW_A_WINDOW = ("dependencies.py", "exhibit_window.py")


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_the_student_process_imports_nothing_of_the_trusted_side_but_the_channel():
    for path in (PROJECT / "grading" / "child").rglob("*.py"):
        trusted = {
            name for name in imports_of(path) if name.startswith("grading.") and not name.startswith("grading.child")
        }
        assert {name for name in trusted if "channel" not in name} <= {"grading.isolation"}, path


def test_the_trusted_side_imports_nothing_of_the_student_process_nor_torch():
    for path in [
        *(path for path in (PROJECT / "grading").rglob("*.py") if "child" not in path.parts),
        *(PROJECT / "data").glob("*.py"),
        *PROJECT.glob("test_cases/*/*.py"),
    ]:
        for name in imports_of(path):
            if path.name in SHOW_A_WINDOW and name.startswith("pictures"):
                continue  # they draw arrays; the test below holds them to be free of torch and of student code
            assert not name.startswith(("grading.child", "torch", "backend", "models", "losses", "train.")), (
                path,
                name,
            )


def test_the_modules_that_show_a_window_load_neither_torch_nor_student_code():
    program = (
        "import sys, grading.dependencies, grading.pages.exhibit_window, pictures.attention, "
        "pictures.turning_segment, pictures.windows.window; "
        "print('loaded:', sorted({'torch', 'models', 'losses', 'train', 'backend'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert "loaded: []" in run.stdout, run.stdout + run.stderr


def test_nothing_that_students_receive_imports_staff_or_tests():
    shipped = [*PROJECT.glob("*.py"), *(PROJECT / "grading").rglob("*.py"), *(PROJECT / "data").rglob("*.py")]
    for path in [*shipped, *PROJECT.glob("test_cases/*/*.py")]:
        assert not [name for name in imports_of(path) if name.split(".")[0] in ("staff", "tests")], path


def test_a_whole_run_leaves_torch_and_student_code_out_of_the_graders_process():
    program = (
        "import sys; from grading.cli import main; "
        f"status = main(['--code-directory', {str(SOLUTIONS)!r}, '-q', 'q1', '-q', 'q6', '--no-graphics']); "
        "assert status == 0; "
        "loaded = {'torch', 'models', 'losses', 'train', 'backend', 'matplotlib', 'pickle'} & set(sys.modules); "
        "print('loaded:', sorted(loaded - {'pickle'}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert "loaded: []" in run.stdout, run.stdout + run.stderr


class Recorder:
    """Stands where the student process would be and keeps every message."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def request(self, message: dict[str, Any], deadline: float, on_progress: object) -> dict[str, Any]:
        self.messages.append(message)
        raise StopHere

    def kill(self) -> None:
        pass


class StopHere(Exception):
    """Ends a check at its first message to the student process."""


def arrays_in(value: object) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [array for item in value.values() for array in arrays_in(item)]
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in arrays_in(item)]
    return []


class Answering(Recorder):
    """Answers as a model that knows nothing would, so that whole checks run."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def request(self, message: dict[str, Any], deadline: float, on_progress: object) -> dict[str, Any]:
        from grading.isolation.channel import Handle

        self.messages.append(message)
        if message["op"] == "create":
            return {"result": Handle(0)}
        if message["op"] == "method":
            count = message["args"][0].shape[-2] if message["args"][0].ndim == 3 else len(message["args"][0])
            return {"result": np.tile(np.eye(self.classes)[0], (count, 1))}
        return {"result": None}


@pytest.mark.parametrize(
    ("question_id", "dataset", "classes"), [("q3", "digits", 10), ("q4", "words", 5), ("q5", "easy_digits", 10)]
)
def test_no_message_of_an_accuracy_check_holds_the_test_labels(question_id, dataset, classes):
    question = next(question for question in discover() if question.id == question_id)
    library, connection = Library(), Answering(classes)
    student = Student(question, StudentSource(SOLUTIONS), StudentSettings(lambda: connection))
    with pytest.raises(Exception, match="should be at least"):
        question.functions["accuracy"](student, library, question.thresholds)
    labels = library.load(dataset).test.y
    sent = [array for message in connection.messages for array in arrays_in(message)]
    assert len(sent) >= 5
    for array in sent:
        assert not (array.shape == labels.shape and np.array_equal(array, labels))
        if array.ndim == 2 and array.shape == (len(labels), classes):
            assert not np.array_equal(array.argmax(axis=1), labels)
