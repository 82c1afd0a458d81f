"""Whether the installed packages can be used, and what to do where one cannot.

A package can be there and be unusable: a library of the system is missing, two packages bring the same library, torch
was built for another numpy. Importing such a package raises, or ends the process. `examine` therefore tries a package
in a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass
from typing import Any

from startup import PROJECT_PATH, finders
from startup.names import REQUIRED

MAX_CHARACTERS = 300  # of an error's own words
SECONDS_TO_IMPORT = 240.0  # torch, on a busy machine or from a cold disk
ABORTED, ILLEGAL_INSTRUCTION = 3, 0xC000001D  # exit statuses on Windows

# What an error says, and what to do then. The first that fits counts.
REINSTALL = "Install the requirements again: {pip} install --force-reinstall -r {requirements}"
NEW_ENVIRONMENT = (
    "Make a new environment and install the requirements there: {python} -m venv .venv, then pip install -r "
    "{requirements} inside the environment."
)
REMEDIES = (
    (r"OMP: Error #15", "Two installed packages bring the same OpenMP library. " + NEW_ENVIRONMENT),
    (
        r"Numpy is not available|compiled using NumPy 1|_ARRAY_API|multiarray failed to import|dtype size changed",
        "The installed torch and numpy do not fit together. Install the versions that do: {pip} install -r "
        "{requirements}",
    ),
    (
        r"WinError|DLL load failed|\.dll\b",
        "A library of Windows is missing. Install the Microsoft Visual C++ Redistributable "
        "(https://aka.ms/vs/17/release/vc_redist.x64.exe). If that does not help: {pip} install --force-reinstall -r "
        "{requirements}",
    ),
    (
        r"incompatible architecture|wrong architecture",
        "Python and the package are made for different processors. Install a Python for this computer's processor, "
        "make an environment with it, and install the requirements there.",
    ),
    (
        r"GLIBC(XX)?_[\d.]+.*not found",
        "The package is made for a newer system. Install an older version of the package, or update the system.",
    ),
    (
        r"SIGILL|illegal instruction",
        "This processor lacks instructions that the package uses. Install an older version of the package.",
    ),
    (r"SIGKILL|MemoryError|paging file", "The memory was too small. Close other programs and try again."),
)

TRIAL = """
import json
package = sys.argv[1]
try:
    module = __import__(package)
    found = {"version": str(getattr(module, "__version__", "unknown version"))}
    if package == "torch":
        from startup import packages
        packages.require_round_trip(module)
except Exception as error:
    from startup import packages
    missing = isinstance(error, ModuleNotFoundError) and error.name == package
    found = {"fault": packages.explained(error) or packages.unusable(package, repr(error)), "is_missing": missing}
print(json.dumps(found))
"""


class Unusable(Exception):
    """An installed package cannot be used, or is missing. The text says which one, why, and what to do."""


@dataclass(frozen=True)
class Examined:
    """What came of trying a package.

    Attributes:
        package: its name.
        version: as the package tells it; empty if the package cannot be used.
        fault: what is wrong and what to do, in sentences; empty if the package can be used.
        is_missing: whether the package is not installed at all.
    """

    package: str
    version: str = ""
    fault: str = ""
    is_missing: bool = False


def examine(package: str, timeout_seconds: float = SECONDS_TO_IMPORT) -> Examined:
    """Import a package in a process of its own; for torch, an array goes to a tensor and back as well."""
    command = finders.command(TRIAL, package)
    try:
        tried = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=timeout_seconds
        )
    except subprocess.TimeoutExpired:
        text = f"the import did not end within {timeout_seconds:g} seconds"
        return Examined(package, fault=unusable(package, text))
    printed, errors = (stream.decode(errors="replace") for stream in (tried.stdout, tried.stderr))
    try:
        found = json.loads(printed.splitlines()[-1])
    except (ValueError, IndexError):
        return Examined(package, fault=unusable(package, f"{_ending(tried.returncode)}\n{errors}"))
    return Examined(package, **found)


def problem(*packages: str) -> str:
    """The fault of the first of these packages that cannot be used; empty if all can be."""
    return next((found.fault for package in packages if (found := examine(package)).fault), "")


def require_round_trip(torch: Any) -> None:
    """Move an array to a tensor and back, which a torch that was built for another numpy cannot.

    Args:
        torch: the module, imported. The grader, which imports this file, does without.
    Raises:
        Unusable: that did not work.
    """
    import numpy

    try:
        array = torch.from_numpy(numpy.ones((2, 2), dtype=numpy.float32)).numpy()
    except Exception as error:
        raise Unusable(unusable("torch", f"{type(error).__name__}: {error}")) from error
    if array.sum() != 4:
        raise Unusable(unusable("torch", f"four ones came back from a tensor as {array.tolist()}"))


def explained(error: BaseException) -> str:
    """What is wrong with an installed package and what to do, if that is what an import raised; else empty.

    Args:
        error: raised by importing modules of this project, none of the student's.
    """
    if isinstance(error, Unusable):
        return str(error)
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    if missing in REQUIRED:
        return not_installed(missing)
    package = next((name for name in reversed(_modules_of(error)) if name in REQUIRED), "")
    return _fault(package, f"{type(error).__name__}: {error}", missing) if package else ""


def not_installed(*packages: str) -> str:
    """What to say of required packages that are not installed."""
    names = " and ".join(filter(None, (", ".join(packages[:-1]), packages[-1])))
    return f"{names} {'are' if len(packages) > 1 else 'is'} not installed. Run: {install()}"


def _modules_of(error: BaseException) -> list[str]:
    """The top-level modules whose code an error went through, outermost first."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in frames]


def _fault(package: str, text: str, missing: str) -> str:
    top = missing.partition(".")[0]
    if missing and top != package:
        return f"{package} needs {top}, which is not installed. Run: {install()}"
    return unusable(package, text)


def unusable(package: str, text: str) -> str:
    """What to say of a package that is installed and cannot be used: its own words, and what to do.

    Args:
        package: its name.
        text: what it said, on any number of lines.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for pattern, advice in REMEDIES:
        if fitting := [line for line in lines if re.search(pattern, line)]:
            said, remedy = fitting[0], advice
            break
    else:
        said, remedy = lines[0] if lines else "no reason was given", REINSTALL
    said = said if len(said) <= MAX_CHARACTERS else f"{said[:MAX_CHARACTERS]}..."
    advice = remedy.format(pip=pip(), python=_quoted(sys.executable), requirements=requirements())
    return f"{package} is installed but cannot be used: {said.rstrip('.')}. {advice}"


def _ending(status: int) -> str:
    """How a process ended that said nothing itself."""
    if status < 0:
        return f"the import ended Python with signal {signal_name(-status)}"
    if status == ABORTED and sys.platform == "win32":
        return "the import ended Python with an abort"
    name = " (illegal instruction)" if status == ILLEGAL_INSTRUCTION else ""
    return f"the import ended Python with exit status {status:#x}{name}" if status > 255 else f"exit status {status}"


def signal_name(number: int) -> str:
    """The name of a signal, such as SIGKILL; its number where it has none."""
    return signal.Signals(number).name if number in set(signal.Signals) else str(number)


def pip() -> str:
    """The command that runs pip of this Python, such as `/usr/bin/python3 -m pip`."""
    return f"{_quoted(sys.executable)} -m pip"


def install() -> str:
    """The command that installs what the project requires."""
    return f"{pip()} install -r {requirements()}"


def requirements() -> str:
    """How requirements.txt is named from where the program was started: with its folder, if that is another one."""
    file = os.path.join(PROJECT_PATH, "requirements.txt")
    with contextlib.suppress(OSError):  # the folder may be gone
        if os.path.samefile(os.curdir, PROJECT_PATH):
            return "requirements.txt"
    return _quoted(file)


def _quoted(path: str) -> str:
    return subprocess.list2cmdline([path]) if sys.platform == "win32" else shlex.quote(path)
