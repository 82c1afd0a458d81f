"""What every program of this project does before anything else: `run`.

This file, the launchers and whatever they import before the check of the version run with Python 3.6 as well. So an old
Python says which one is needed. Until `protect` is done, nothing is imported that Python has not imported by
itself: a student's file could take the place of everything else.
"""

import os
import sys

from startup import EXIT_USAGE, PROJECT_PATH, ending

MIN_PYTHON = (3, 11)
SAFE_PATH = "PYTHONSAFEPATH"  # tells Python to put neither a program's folder nor the current one on the search path
SEARCH_PATH = "PYTHONPATH"


def run(
    program: str, module: str, is_worker: bool = False, variables: "dict[str, str] | None" = None, **arguments: str
) -> None:
    """Run one of the project's programs and end with its exit status.

    The version of Python is checked first. Files beside the program that are named as other modules are kept out of
    the imports. An installed package that cannot be used is named with what to do.

    Args:
        program: its name, such as `autograder.py`.
        module: the module with its function `main`, which returns the exit status.
        is_worker: this process is a worker of a data loader. It runs the launcher again, as `__mp_main__`, to have the
            same modules as its parent. Nothing is run then.
        variables: of the environment; those that are not set are set before torch and numpy are imported.
        arguments: keywords for `main`.
    """
    require_python(program)
    path, environment = list(sys.path), dict(os.environ)
    for name, value in (variables or {}).items():
        os.environ.setdefault(name, value)
    protect()
    from startup import student_modules

    if is_worker:
        student_modules.install_in_worker()
        return
    os.environ.pop(student_modules.FOR_WORKERS, None)
    try:
        sys.exit(_run(program, module, arguments))
    except KeyboardInterrupt:  # while modules are imported, which may take seconds; a program answers later ones itself
        sys.exit(ending.interrupted(program))
    finally:
        if "IPython" in sys.modules:  # a notebook, in whose process the student goes on and imports files of the folder
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environment)


def require_python(program: str, version: tuple = sys.version_info[:3]) -> None:
    """End the program, with exit status 2 and the version that is needed, if this Python is too old."""
    if version[:2] < MIN_PYTHON:
        needed, found = ".".join(map(str, MIN_PYTHON)), ".".join(map(str, version))
        print(
            f"{program}: error: this project needs Python {needed} or newer. This is Python {found} "
            f"({sys.executable}). Install a newer Python and run the project with that one.",
            file=sys.stderr,
        )
        sys.exit(EXIT_USAGE)


def protect() -> None:
    """Keep every file of the project's folder that is none of the project's modules out of all imports.

    Python puts the folder of a program first on its search path. A file `random.py` there then takes the place of the
    standard library's module, for torch as well. Here that folder leaves the search path, and a finder gives the
    project's modules by name. The Python processes that this one starts do not search the folder either.
    """
    sys.path[:] = [entry for entry in sys.path if not _is_project(entry)]
    os.environ[SAFE_PATH] = "1"
    if os.environ.get(SEARCH_PATH):
        entries = os.environ[SEARCH_PATH].split(os.pathsep)
        os.environ[SEARCH_PATH] = os.pathsep.join([entry for entry in entries if not _is_project(entry)])
    from startup import finders

    finders.install()


def _is_project(entry: str) -> bool:
    """Whether an entry of the search path is the project's folder; an empty one is the current folder."""
    try:
        return os.path.realpath(entry or os.curdir) == PROJECT_PATH
    except (OSError, ValueError):  # the current folder is gone, say
        return False


def tolerate_odd_characters() -> None:
    """Print a question mark for each character that the output's encoding lacks; read one for what is not text."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's streams have no encoding to change
            stream.reconfigure(errors="replace")


def _run(program: str, module: str, arguments: dict) -> int:
    """Import the module, call its `main` and return the exit status."""
    import importlib

    from startup import packages

    tolerate_odd_characters()
    try:
        main = importlib.import_module(module).main
        if "torch" in sys.modules:
            packages.require_round_trip(sys.modules["torch"])
    except Exception as error:
        fault = packages.explained(error)
        if not fault:
            raise
        print(f"{program}: error: {fault}", file=sys.stderr)
        return EXIT_USAGE
    return main(**arguments)
