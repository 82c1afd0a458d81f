"""Every link, picture, path and command that a text names is there: in the repository, and in what students receive."""

from __future__ import annotations

import ast
import fnmatch
import posixpath
import re
from functools import cache

import pytest

from staff.texts.__main__ import stale_texts
from tests.support import PROJECT
from tests.texts import (
    Command,
    Files,
    broken_links,
    commands,
    flags_of,
    folders_of,
    missing_command,
    module_path,
    pages,
    repository,
    student_archive,
)

COMMAND = re.compile(r"python3? -m ([A-Za-z_][\w.]*\w)")
SUFFIXES = (
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".npz",
    ".zip",
    ".html",
    ".json",
    ".jsonl",
    ".csv",
    ".sh",
    ".yml",
    ".pt",
    ".png",
)
# What programs write, what other systems have, and names that stand for others: patterns of paths.
WRITTEN = (
    "handout",  # in student.zip, if staff have built the site
    "handout/*",
    "build/*",
    "out",
    "out/*",
    "graded/*",
    "*report.html",
    "report.html",
    "submissions/ID",
    "result.json",
    "output.txt",
    "results.json",
    "scores.csv",
    "summary.html",
    "changes.csv",
    "class.zip",
    "input.txt",
    "sheet.png",
    "mnist.npz",
    "data/mnist.npz",
    "shakespeare.txt",
    "data/shakespeare.txt",
    "student.zip",
    "autograder.zip",
    "submission_metadata.yml",
    "hidden",  # in autograder.zip
    "Models.py",  # a student's file with a wrong name
    "electives",  # there as soon as a question is added to them
    "*electives/layer_norm.py",  # the example of a new question
    "electives/template_module.py",  # becomes another name
)
DOWNLOADED = {"data/mnist.npz", "data/shakespeare.txt", "data/*.gz", "data/*.part"}  # the last ones by git's settings
ATTACKS = "staff/evidence/hostile/attacks/"  # they name files that they would like to make
ARCHIVES = {"the repository": repository, "student.zip": student_archive}


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(params=list(ARCHIVES))
def files(request) -> Files:
    return ARCHIVES[request.param]()


def test_every_link_and_picture_leads_somewhere(files):
    assert broken_links(files) == []


def test_every_page_of_the_hand_out_is_reached_from_its_first_page():
    files = student_archive()
    parsed = pages(files)
    seen, waiting = set(), ["README.md"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for address in parsed[path].links:
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), address.partition("#")[0]))
            waiting += [place] if place in parsed and place not in seen else []
    assert set(parsed) - seen == set()


def test_students_receive_no_picture_that_no_page_shows():
    files = student_archive()
    shown = {
        posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
        for path, page in pages(files).items()
        for address in page.images
    }
    pictures = {path for path in files if path.endswith((".png", ".jpg", ".svg", ".gif"))}
    pictures -= {"haiku_bot/web/page/icon.svg"}  # of the chat's page, which is no text
    assert len(pictures) > 5
    assert pictures == shown


def test_every_command_that_a_page_names_can_be_run(files):
    own = targets() if "Makefile" in files else set()
    named = [(path, command) for path, page in pages(files).items() for command in commands(page)]
    assert len(named) > 20
    faults = {
        f"{path}: {command.program}": reason
        for path, command in named
        if (reason := missing_command(command, files, own))
    }
    assert faults == {}


def test_every_flag_that_a_page_gives_to_a_program_is_one_of_its_flags(files):
    faults = []
    for path, page in pages(files).items():
        for command in commands(page):
            unknown = [flag for flag in command.flags if flag not in known_flags(command)]
            faults += [f"{path}: {command.program} {flag}" for flag in unknown]
    assert faults == []


def known_flags(command: Command) -> set[str]:
    """What `--help` shows for the programs of students; for staff's, every flag that the module's folder names."""
    if command.program.endswith(".py"):
        return set(flags_of(command.program, *(["sample"] if "sample" in command.arguments else [])))
    module = command.program.removeprefix("-m ")
    path = module_path(module, repository())
    if path is None:
        return set(command.flags)  # a program of others
    folder = posixpath.dirname(path)
    sources = [PROJECT / path] if folder != module.replace(".", "/") else sorted((PROJECT / folder).glob("*.py"))
    return {"--help"} | {flag for source in sources for flag in flags_in(source.read_text(encoding="utf-8"))}


def flags_in(source: str) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("--")
    }


def test_every_path_that_a_page_names_exists(files):
    names, folders = {posixpath.basename(path) for path in files}, folders_of(files)
    faults = []
    for page_path, page in pages(files).items():
        for code in page.code:
            if not re.fullmatch(r"[\w.*-]+(/[\w.*-]*)*", code) or not ("/" in code or code.endswith(SUFFIXES)):
                continue
            if code in SUFFIXES:
                continue
            name = without_example(code.rstrip("/"))
            if "/" not in code and name in names:
                continue
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in WRITTEN):
                continue
            places = {name, posixpath.normpath(posixpath.join(posixpath.dirname(page_path), name))}
            if "Makefile" in files:
                places.add(f"*/{name}")  # staff know in which folder; students should not have to search
            if not any(fnmatch.filter(existing, place) for existing in (files, folders) for place in places):
                faults.append(f"{page_path}: {code}")
    assert faults == []


def test_every_path_of_the_project_that_a_file_names_exists():
    """In docstrings, comments, scripts and settings; pages have a test of their own."""
    files, faults = repository(), []
    folders = folders_of(files)
    tops = "|".join(sorted({re.escape(path.partition("/")[0]) for path in files if "/" in path}))
    named = re.compile(rf"(?<![\w/.-])((?:{tops})/[\w/.*-]*\w)")
    for path, content in files.items():
        if path.endswith((".npz", ".npy", ".zip", ".png", ".woff2", ".md")) or path.startswith(
            ("tests/", "staff/new_question/", ATTACKS)
        ):
            continue
        for name in map(without_example, named.findall(content.decode())):
            if not any(fnmatch.filter(existing, name) for existing in (files, folders)):
                faults += [f"{path}: {name}"] if name not in DOWNLOADED else []
    assert faults == []


def without_example(path: str) -> str:
    """A path of the example of a new question, e13 or q9, as a path of its template or of any question."""
    path = path.replace("test_cases/e13", "staff/new_question/template/question")
    path = path.replace("electives/template_module.py", "staff/new_question/template/solution.py")
    return re.sub(r"\b(q[N9]|e13)\b", "q*", path)


def test_every_module_that_a_text_tells_to_run_is_a_program():
    """Pages, docstrings, comments, scripts and settings: every file of the repository that holds text."""
    files = repository()
    faults, count = set(), 0
    for path, content in files.items():
        if path.endswith((".npz", ".npy", ".zip", ".png", ".woff2")) or path.startswith("tests/"):
            continue
        for module in COMMAND.findall(content.decode()):
            count += 1
            if reason := missing_command(Command(f"-m {module}", ()), files, set()):
                faults.add(f"{path}: python -m {module}: {reason}")
    assert count > 100
    assert faults == set()


def test_the_generated_parts_of_the_texts_are_up_to_date():
    assert sorted(stale_texts(dict(repository()))) == [], "run python -m staff.texts"
