"""Student files that cannot be read, or are saved in another encoding: each costs a sentence that says what to do."""

from __future__ import annotations

import ast
import codecs
import io
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gpt import corpus
from grading.console import Console
from grading.engine import Engine, Settings
from staff.release.repository import files_of_working_tree
from startup import syntax
from startup.student_files import PUT_BACK, UnusableFile, parse, require_usable
from tests.support import SECONDS_UNTIL_IT_HANGS, SOLUTIONS, fresh_student_modules
from training import student
from training.errors import UserError

posix = pytest.mark.skipif(os.name != "posix", reason="needs links, pipes and permissions")
WORDS = "x = 'caf\u00e9'\n"


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def endless_link(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (folder, "models.py is a folder. Move it away and put your file models.py in its place."),
        pytest.param(pipe, "models.py is no ordinary file.", marks=posix),
        pytest.param(dangling_link, "models.py is a link to a file that does not exist.", marks=posix),
        pytest.param(endless_link, "models.py cannot be read (", marks=posix),
        (lambda path: None, "models.py is missing from "),
    ],
    ids=["folder", "pipe", "dangling link", "endless link", "nothing"],
)
def test_what_is_no_file_is_told_and_never_waited_for(tmp_path, make, said):
    make(tmp_path / "models.py")
    with pytest.raises(UnusableFile) as failure:
        parse(tmp_path, "models.py")
    assert str(failure.value).startswith(said)


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path):
    (tmp_path / "models.py").write_text(WORDS)
    (tmp_path / "models.py").chmod(0)
    with pytest.raises(UnusableFile, match=r"models.py cannot be read \(Permission denied\). Check the file's perm"):
        parse(tmp_path, "models.py")


@pytest.mark.parametrize(
    "content",
    [
        WORDS.encode(),
        codecs.BOM_UTF8 + WORDS.encode(),
        b"# -*- coding: latin-1 -*-\n" + WORDS.encode("latin-1"),
        b"# coding: cp1252\r\n" + WORDS.replace("\n", "\r\n").encode("cp1252"),
        WORDS.replace("\n", "\r").encode(),
    ],
    ids=["UTF-8", "byte order mark", "declared latin-1", "declared cp1252", "old Mac"],
)
def test_what_python_can_run_is_read(tmp_path, content):
    (tmp_path / "models.py").write_bytes(content)
    assert ast.unparse(parse(tmp_path, "models.py")) == WORDS.strip()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"), "models.py is saved in UTF-16. Save the file in UTF-8."),
        (codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"), "models.py is saved in UTF-16. Save the file in UTF-8."),
        (codecs.BOM_UTF32_LE + WORDS.encode("utf-32-le"), "models.py is saved in UTF-32. Save the file in UTF-8."),
        (WORDS.encode("utf-16-le"), "models.py is not saved in UTF-8: line 1 holds the byte 0xe9."),
        (("\n\n\n" + WORDS).encode("cp1252"), "models.py is not saved in UTF-8: line 4 holds the byte 0xe9."),
        (codecs.BOM_UTF8 + WORDS.encode("cp1252"), "models.py is not saved in UTF-8: line 1 holds the byte 0xe9."),
        (b"# coding: ascii\n" + WORDS.encode(), "models.py is not saved in ASCII: line 2 holds the byte 0xc3."),
        (b"# coding: klingon\n", "models.py: unknown encoding: klingon. Remove the comment with the encoding"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "models.py: encoding problem: utf-8. Remove the comment"),
        (b"# coding: rot13\nk = 1\n", "models.py declares the encoding rot13. Remove the comment with the encoding"),
        (b"# coding: undefined\n", "models.py declares the encoding undefined. Remove the comment with the encoding"),
        (b"# coding: punycode\n#-", "models.py declares the encoding punycode. Remove the comment with the encoding"),
        (b"x = 1\n\0\0\0", "models.py holds zero bytes, so the file is not text."),
        (
            b"def f(:\n",
            "models.py is not valid Python: invalid syntax. See line 1: `def f(:`. Fix this line first. `python models.py`",
        ),
        (
            b"x = 1\n<<<<<<< HEAD\ny = 1\n=======\ny = 2\n>>>>>>> main\n",
            "models.py is not valid Python: line 2 begins a merge conflict of git. The lines `<<<<<<<`, `=======` and",
        ),
        (
            b"import torch\n%matplotlib inline\n",
            "models.py is not valid Python: line 2, `%matplotlib inline`, is a command of a notebook. Remove this line.",
        ),
        (
            b"def f():\n    !pip install torch\n",
            "models.py is not valid Python: line 2, `!pip install torch`, is a command of a notebook. Remove this line.",
        ),
        (
            b"x = 7\nx = 7 %% 2\n",
            "models.py is not valid Python: invalid syntax. See line 2: `x = 7 %% 2`. Fix this line first.",
        ),
        (
            b"title = 1\n=======\n",
            "models.py is not valid Python: invalid syntax. See line 2: `=======`. Fix this line first.",
        ),
        (
            b"x = 1\n" + "y =\u00a02\n".encode(),
            "models.py is not valid Python: invalid non-printable character U+00A0",
        ),
    ],
)
def test_what_python_cannot_run_is_told_with_its_line_and_the_fix(tmp_path, content, said):
    (tmp_path / "models.py").write_bytes(content)
    with pytest.raises(UnusableFile) as failure:
        parse(tmp_path, "models.py")
    assert str(failure.value).startswith(said)


@pytest.mark.parametrize("nested", ["+".join(["1"] * 1500), "{0: " * 120 + "0" + "}" * 120])
def test_a_line_too_long_to_be_read_is_told_and_other_lines_are_read(tmp_path, nested):
    """A function that reads a syntax tree calls itself for each level, and Python limits how often."""
    (tmp_path / "models.py").write_text(f"def f():\n    {nested}\n")
    with pytest.raises(UnusableFile, match=r"^models.py:2 nests more than 100 statements and expressions in one an"):
        parse(tmp_path, "models.py")
    (tmp_path / "models.py").write_text("x = " + "+".join(["1"] * 90) + "\n")
    assert ast.unparse(parse(tmp_path, "models.py"))


def test_files_that_a_file_imports_are_looked_at_too_but_not_those_that_mean_other_modules(tmp_path):
    (tmp_path / "gpt_model.py").write_text("import random, models\nfrom torch import nn\n")
    (tmp_path / "models.py").write_text("def f(:\n")
    (tmp_path / "random.py").write_text("def f(:\n")
    with pytest.raises(UnusableFile, match=r"^models.py is not valid Python"):
        require_usable(tmp_path, "gpt_model.py")
    (tmp_path / "models.py").write_text("import gpt_model\n")
    require_usable(tmp_path, "gpt_model.py")


@pytest.mark.parametrize("spoilt", ["gpt_model.py", "models.py"])
def test_the_trainers_say_it_as_the_grader_does(tmp_path, spoilt):
    for name in ("gpt_model.py", "models.py"):
        (tmp_path / name).write_bytes((SOLUTIONS / name).read_bytes())
    (tmp_path / spoilt).write_text("def f(:\n")
    with fresh_student_modules(), pytest.raises(UserError, match=f"^{spoilt} is not valid Python"):
        student.model_class(tmp_path)


def test_a_folder_in_place_of_a_file_costs_the_questions_that_read_it(tmp_path, graded):
    for solution in SOLUTIONS.glob("*.py"):
        (tmp_path / solution.name).write_bytes(solution.read_bytes())
    (tmp_path / "losses.py").unlink()
    (tmp_path / "losses.py").mkdir()
    run = graded(tmp_path, "q2", "q6")
    messages = {check["message"] for check in run.question("q2")["checks"]}
    assert any("losses.py is a folder." in message for message in messages)
    assert run.question("q6")["score"] == 2


def test_a_byte_order_mark_changes_nothing_in_grading(tmp_path, graded):
    for solution in SOLUTIONS.glob("*.py"):
        (tmp_path / solution.name).write_bytes(codecs.BOM_UTF8 + solution.read_bytes())
    assert graded(tmp_path, "q6").question("q6")["score"] == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_is_the_same_text_in_every_encoding_that_a_mark_names(tmp_path, encoding, end):
    text = "Na\u00efve wheels turn.\n" * 20
    (tmp_path / "text.txt").write_bytes(text.replace("\n", end).encode(encoding))
    assert corpus.read(tmp_path / "text.txt", 8).digest == corpus.from_text(text, "", 8).digest


def test_a_text_in_another_encoding_is_told_with_its_first_odd_byte(tmp_path):
    (tmp_path / "text.txt").write_bytes(b"caf\xe9" * 100)
    with pytest.raises(UserError, match=r"text.txt is not text in UTF-8 \(byte 3\). Save the file in UTF-8"):
        corpus.read(tmp_path / "text.txt", 8)


def test_syntax_trees_are_made_one_after_the_other(monkeypatch):
    """Two threads at once can end in a SystemError with Python 3.11."""
    inside, most = [], []

    def counting(source, filename="x"):
        inside.append(threading.get_ident())
        most.append(len(inside))
        time.sleep(0.001)  # another thread gets its turn here
        inside.pop()
        return ast.Module([], [])

    monkeypatch.setattr(syntax, "_parse", counting)
    monkeypatch.setattr(ast, "parse", ast.parse)  # put back after the test
    syntax.guard_libraries()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: syntax.parse("x = 1") if number % 2 else ast.parse("x = 1", "x"), range(40)))
    assert len(most) == 40
    assert max(most) == 1


def test_reading_an_array_waits_while_another_thread_makes_a_syntax_tree(tmp_path, monkeypatch):
    np.save(tmp_path / "array.npy", np.arange(3))
    monkeypatch.setattr(ast, "parse", ast.parse)  # put back after the test
    with Engine(Settings(SOLUTIONS, in_process=True), Console(io.StringIO())), ThreadPoolExecutor(1) as pool:
        with syntax._one_at_a_time:
            read = pool.submit(np.load, tmp_path / "array.npy")
            with pytest.raises(TimeoutError):
                read.result(timeout=0.3)
        assert read.result(timeout=SECONDS_UNTIL_IT_HANGS).tolist() == [0, 1, 2]


def test_the_project_makes_syntax_trees_in_one_file_only():
    calls = {
        path
        for path, content in files_of_working_tree().items()
        if path.endswith(".py") and not path.startswith("tests/") and re.search(rb"\bast\.parse\b", content)
    }
    assert calls == {"startup/syntax.py"}


@pytest.mark.parametrize(
    ("there", "wanted", "told"),
    [
        (
            "models (1).py",
            "models.py",
            "There is a file models (1).py. Is this your file? Then rename it to models.py.",
        ),
        (
            "models.py.txt",
            "models.py",
            "There is a file models.py.txt. Is this your file? Then rename it to models.py.",
        ),
        ("models.ipynb", "models.py", "There is a notebook models.ipynb. Save its code as a Python file models.py."),
        (
            "optimizers.py",
            "electives/optimizers.py",
            "There is a file optimizers.py. Is this your file? Then move it to electives/optimizers.py.",
        ),
        ("other_models.py", "models.py", PUT_BACK),
    ],
)
def test_a_missing_file_is_looked_for_under_another_name_and_in_the_folder_above(tmp_path, there, wanted, told):
    (tmp_path / there).write_text(WORDS)
    with pytest.raises(UnusableFile) as failure:
        parse(tmp_path, wanted)
    assert str(failure.value) == f"{wanted} is missing from {tmp_path}. {told}"


def test_a_notebook_under_the_name_of_a_student_file_is_told(tmp_path):
    (tmp_path / "models.py").write_text('{"cells": [], "metadata": {"kernel": null}, "nbformat": 4}')
    with pytest.raises(UnusableFile, match=r"models.py holds a notebook, not Python code. Export the notebook"):
        parse(tmp_path, "models.py")
    (tmp_path / "models.py").write_text('{"layers": []}\n')
    parse(tmp_path, "models.py")
