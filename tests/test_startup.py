"""Starting on a student's machine: stray files, an old Python, packages that are there and cannot be used."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from staff.release import build
from staff.release.repository import files_of_working_tree
from startup import ending, launch, names, packages
from startup.launch import require_python
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS

LAUNCHERS = ("autograder.py", "chargpt.py", "chat.py")
LISTED = (  # files that students have made, without .py
    "random queue string math token logging json inspect platform copy numpy torch types typing enum code select "
    "signal secrets statistics tokenize calendar email html numbers time matplotlib tqdm"
)
# Optional packages that torch and others ask for, which a student's file may be named as.
OPTIONAL = "test cuda tree pandas flint gmpy2 networkx tabulate dill scipy sklearn org tensorflow onnx"
TINY = "--n-embd 8 --n-layer 1 --block-size 8 --batch-size 4 --threads 1 --device cpu"
STRAY = "from pathlib import Path\nPath({log!r}).open('a').write({name!r} + ' ')\nraise RuntimeError({name!r})\n"


@pytest.fixture(scope="module")
def student_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What students receive, with the solutions, and with a stray file for every name that something could import.

    Each stray file notes in `log` that it was imported, and raises.
    """
    folder = tmp_path_factory.mktemp("student") / "neural-networks"
    for path, content in build.student_files(files_of_working_tree()).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    for solution in SOLUTIONS.glob("*.py"):
        (folder / solution.name).write_bytes(solution.read_bytes())
    installed = filter(str.isidentifier, importlib.metadata.packages_distributions())
    for name in {*sys.stdlib_module_names, *installed, *LISTED.split(), *OPTIONAL.split()} - {*names.PROVIDED}:
        (folder / f"{name}.py").write_text(STRAY.format(log=str(folder.parent / "log"), name=name))
    return folder


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; the environment gets these variables more."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_UNTIL_IT_HANGS,
        check=False,
    )


def imported_strays(folder: Path) -> str:
    log = folder.parent / "log"
    found = log.read_text() if log.exists() else ""
    log.unlink(missing_ok=True)
    return found


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("autograder.py --list", 0, "Perceptron"),
        ("-P autograder.py --list", 0, "Perceptron"),
        ("autograder.py -q q6 --no-graphics --report report", 0, "2/2"),
        ("autograder.py -q q6 --no-graphics --in-process", 0, "2/2"),
        (f"chargpt.py --text README.md --steps 1 --no-graphics {TINY}", 0, "validation loss"),
        ("chargpt.py sample --length 3", 0, ""),
        (
            "chat.py --checkpoint LICENSE --ask clouds",
            1,
            "is not a readable checkpoint (torch did not save this file).",
        ),
        ("-m data.download --help", 0, "usage"),
    ],
)
def test_files_named_as_other_modules_change_nothing(student_folder, command, status, said):
    finished = run(command.split(), student_folder)
    assert imported_strays(student_folder) == ""
    assert "Traceback" not in finished.stderr
    assert (finished.returncode, said in finished.stdout + finished.stderr) == (status, True), finished.stderr


def test_they_change_nothing_in_a_trial_of_the_packages_which_prints_versions(student_folder):
    finished = run(["autograder.py", "--check-dependencies", "--no-graphics"], student_folder)
    assert imported_strays(student_folder) == ""
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "Everything that grading needs is here." in finished.stdout
    for name in ("torch", "numpy", "matplotlib", "tqdm"):
        assert f"{name} {importlib.metadata.version(name)}" in " ".join(finished.stdout.split())
    assert "Python" in finished.stdout


def test_they_change_nothing_where_an_editor_puts_the_folder_on_pythons_search_path(student_folder, tmp_path):
    """PYTHONPATH comes before the standard library, also for what Python itself imports before it runs a program."""
    early = run(["-c", "import sys; print(*sys.modules)"], tmp_path).stdout.split()
    folder = tmp_path / "neural-networks"
    folder.mkdir()
    for path in student_folder.iterdir():
        if path.stem not in {*early, "sitecustomize", "usercustomize", "encodings"}:
            (folder / path.name).symlink_to(path)
    for name in (*names.PROVIDED, "autograder.py"):  # the project's place is where its files really are
        path = student_folder / name
        if path.exists():
            (folder / name).unlink()
            subprocess.run(["cp", "-r", str(path), str(folder / name)], check=True)
    finished = run(["autograder.py", "-q", "q6", "--no-graphics"], folder, PYTHONPATH=str(folder))
    assert imported_strays(student_folder) == ""
    assert (finished.returncode, "2/2" in finished.stdout) == (0, True), finished.stderr


WITH_WORKERS = """
    from helper import batches
    batches(DataLoader(dataset, num_workers=1, multiprocessing_context="spawn"))
"""


ONCE = """class Base: pass
FIRST = []
def batches(loader):
    if not FIRST:  # each worker imports torch
        FIRST.append(next(iter(loader)))
"""


@pytest.mark.parametrize("flags", [[], ["--in-process"]])
def test_workers_of_data_loaders_find_the_students_modules_and_no_stray_ones(student_folder, tmp_path, flags):
    """Where Python starts workers afresh, as on Windows and macOS, they have to be told where modules come from."""
    for solution in SOLUTIONS.glob("*.py"):
        (tmp_path / solution.name).write_bytes(solution.read_bytes())
    (tmp_path / "helper.py").write_text(ONCE)
    for name, old, new in (
        ("models.py", "class PerceptronModel(Module)", "from helper import Base\nclass PerceptronModel(Base, Module)"),
        ("train.py", '"""Question 1:', WITH_WORKERS.replace("\n    ", "\n    ") + '    """Question 1:'),
    ):
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1))
    arguments = ["autograder.py", "-q", "q1", "--no-graphics", "--code-directory", str(tmp_path), *flags]
    finished = run(arguments, student_folder)
    assert imported_strays(student_folder) == ""
    assert (finished.returncode, "5/5" in finished.stdout) == (0, True), finished.stdout + finished.stderr


def test_the_listed_names_are_known_to_belong_to_others():
    assert [name for name in LISTED.split() if not names.is_reserved(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        *LAUNCHERS,
        "startup/__init__.py",
        "startup/ending.py",
        "startup/launch.py",
        "startup/module_run.py",
        "data/__init__.py",
        "staff/__init__.py",
    ],
)
def test_what_runs_before_the_version_is_checked_parses_with_an_old_python(name):
    ast.parse((PROJECT / name).read_text(encoding="utf-8"), feature_version=(3, 8))


PRETENDING = """
import sys
sys.version_info = (3, 8, 10, "final", 0)
class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] in ("startup", "data"), name
sys.meta_path.insert(0, Refuse())
sys.argv = [sys.argv[1]]
if sys.argv == ["-m"]:
    sys.path.insert(0, "")
    import data
with open(sys.argv[0]) as file:
    exec(compile(file.read(), sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
"""


@pytest.mark.parametrize("program", [*LAUNCHERS, "-m"])
def test_an_old_python_is_told_which_one_is_needed_before_anything_is_imported(program):
    finished = run(["-c", PRETENDING, program], PROJECT)
    assert finished.returncode == 2
    named = "python -m" if program == "-m" else program
    assert finished.stderr.startswith(
        f"{named}: error: this project needs Python 3.11 or newer. This is Python 3.8.10 ({sys.executable})."
    )


def interpreter(minor: int) -> str | None:
    """An installed Python 3 of this minor version; pyenv's commands on the path may stand for none."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
    found = str(pyenv[-1]) if pyenv else shutil.which(f"python3.{minor}")
    return None if found is not None and "shims" in found else found


@pytest.mark.parametrize("minor", [6, 7, 8, 9, 10])
@pytest.mark.parametrize("program", [*LAUNCHERS, "-m staff.release"])
def test_a_real_old_python_says_it_too(minor, program):
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} here")
    command = [python, "-B", *program.split()]
    finished = subprocess.run(
        command, cwd=PROJECT, stderr=subprocess.PIPE, text=True, timeout=SECONDS_UNTIL_IT_HANGS, check=False
    )
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert f"this project needs Python 3.11 or newer. This is Python 3.{minor}." in finished.stderr


IN_A_NOTEBOOK = """
import os, sys, types
sys.modules["IPython"] = types.ModuleType("IPython")
before = list(sys.path), dict(os.environ)
with open("autograder.py") as file:
    code = compile(file.read(), "autograder.py", "exec")
try:
    sys.argv = ["autograder.py", "--list"]
    exec(code, {"__name__": "__main__", "__file__": "autograder.py"})
except SystemExit as end:
    path = [entry for entry in sys.path if entry != os.getcwd()]
    print(end.code, (path, dict(os.environ)) == before)
import models
"""


def test_a_notebook_that_runs_a_program_can_import_the_students_files_afterwards():
    finished = run(["-c", IN_A_NOTEBOOK], PROJECT)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == "0 True"


def test_an_interrupt_while_modules_are_imported_is_no_traceback(monkeypatch, capsys):
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "_run", interrupted)
    monkeypatch.setattr(launch, "protect", lambda: None)  # of this process's own search path
    with pytest.raises(SystemExit) as end:
        launch.run("chat.py", "haiku_bot.chat")
    assert end.value.code == 130
    assert capsys.readouterr().err == "\nchat.py: interrupted\n"


def test_ctrl_c_in_a_module_that_is_run_ends_with_130_and_a_sentence(tmp_path):
    (tmp_path / "long.py").write_text(
        "from startup import ending\n\n\ndef main():\n    raise KeyboardInterrupt\n\n\nending.run(main)\n"
    )
    finished = run(["-m", "long"], tmp_path, PYTHONPATH=str(PROJECT))
    assert (finished.returncode, finished.stdout, finished.stderr) == (130, "", "\nlong: interrupted\n")


def test_a_module_that_is_run_ends_with_the_status_of_its_main():
    with pytest.raises(SystemExit) as end:
        ending.run(lambda: 3)
    assert end.value.code == 3


def test_every_program_of_the_project_ends_after_ctrl_c_in_the_same_way():
    """But for a student file, and for two that another program runs and reads the status of."""
    others = {"haiku.py", "grading/gradescope/__main__.py", "staff/classroom/grade_one.py"}
    programs = {
        path: content
        for path, content in files_of_working_tree().items()
        if path.endswith(".py") and b'\nif __name__ == "__main__":' in content
        if not path.startswith(("tests/", "staff/solutions/"))
    }
    assert len(programs) > 30
    assert {path for path, content in programs.items() if b"\n    ending.run(main)\n" not in content} == others


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_a_new_python_is_told_nothing(version, capsys):
    require_python("chat.py", version)
    assert capsys.readouterr().err == ""


DLL = r'[WinError 126] The specified module could not be found. Error loading "C:\torch\lib\c10.dll".'
OPENMP = "OMP: Error #15: Initializing libiomp5md.dll, but found libiomp5md.dll already initialized."
BROKEN = {  # a package's __init__.py, what is said of it, and what to do
    "missing library": ("torch", f"raise OSError({DLL!r})", "WinError 126", "Visual C++ Redistributable"),
    "abort": (
        "torch",
        f"import os, sys\nprint({OPENMP!r}, file=sys.stderr, flush=True)\nos.abort()",
        "OMP: Error #15",
        "Make a new environment",
    ),
    "exit": ("torch", "import os\nos._exit(7)", "exit status 7", "install --force-reinstall"),
    "another numpy": (
        "torch",
        # the real torch, whose tensors and arrays do not know each other
        "import importlib, os, sys\n"
        "sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(os.path.dirname(__file__))]\n"
        "del sys.modules['torch']\n"
        "torch = importlib.import_module('torch')\n"
        "def refuse(*_): raise RuntimeError('Numpy is not available')\n"
        "torch.Tensor.numpy = torch.from_numpy = refuse\n",
        "Numpy is not available",
        "torch and numpy do not fit together",
    ),
    "half of numpy": (
        "numpy",
        "raise ImportError('Please read this.\\n\\nOriginal error was: DLL load failed while importing _multiarray')",
        "DLL load failed while importing _multiarray",
        "Visual C++ Redistributable",
    ),
    "not there": (
        "tqdm",
        "raise ModuleNotFoundError(\"No module named 'tqdm'\", name='tqdm')",
        "tqdm is not installed",
        "pip install -r requirements.txt",
    ),
}
WITHOUT_FORK_SERVER = (
    "import sys; from grading.isolation import forkserver; forkserver.is_available = lambda: False; "
    "from grading.cli import main; sys.exit(main(sys.argv[1:]))"
)
GRADE = ["-q", "q6", "--no-graphics", "--code-directory", str(SOLUTIONS)]


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, str, str]:
    """A folder for PYTHONPATH with a package that cannot be used, its name, what is said of it, and what to do."""
    package, source, said, remedy = BROKEN[request.param]
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text(source)
    return str(tmp_path), package, said, remedy


def in_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
def test_check_dependencies_names_a_package_that_cannot_be_used_and_the_fix(broken):
    folder, package, said, remedy = broken
    finished = run(["autograder.py", "--check-dependencies", "--no-graphics"], PROJECT, PYTHONPATH=folder)
    state = "MISSING" if "not installed" in said else "CANNOT BE USED"
    assert finished.returncode == 1
    assert f"{package:<12}{state}" in finished.stdout
    assert said in finished.stdout
    assert remedy in finished.stdout
    assert "Traceback" not in finished.stderr
    assert len([line for line in finished.stdout.splitlines() if said in line]) == 1


@pytest.mark.parametrize("broken", ["missing library", "abort", "exit", "another numpy"], indirect=True)
@pytest.mark.parametrize("command", [["autograder.py"], ["-c", WITHOUT_FORK_SERVER]], ids=["fork server", "alone"])
def test_grading_says_the_same_and_does_not_blame_the_students_code(broken, command):
    folder, package, said, remedy = broken
    finished = run([*command, *GRADE], PROJECT, PYTHONPATH=folder)
    last = finished.stderr.splitlines()[-1]
    assert finished.returncode == 2
    assert last.startswith(f"autograder.py: error: {package} is installed but cannot be used: ")
    assert said in last
    assert remedy in last
    assert "Traceback" not in finished.stderr
    assert "os._exit" not in finished.stdout + finished.stderr


@pytest.mark.parametrize("broken", ["missing library", "another numpy", "half of numpy"], indirect=True)
@pytest.mark.parametrize("command", [["chargpt.py"], ["chat.py"], ["autograder.py", "--in-process", *GRADE]])
def test_programs_that_import_torch_themselves_say_it_too(broken, command):
    folder, _, said, remedy = broken
    finished = run(command, PROJECT, PYTHONPATH=folder)
    assert finished.returncode == 2
    assert finished.stderr.startswith(f"{command[0]}: error: ")
    assert said in finished.stderr
    assert remedy in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_package_that_can_be_used_has_no_fault():
    found = packages.examine("tqdm")
    assert (found.fault, found.is_missing) == ("", False)
    assert found.version == importlib.metadata.version("tqdm")


def test_an_error_of_the_students_or_ours_is_no_fault_of_a_package():
    with pytest.raises(ZeroDivisionError) as failure:
        1 / 0  # noqa: B018
    assert packages.explained(failure.value) == ""
    assert packages.explained(ModuleNotFoundError("No module named 'models'", name="models")) == ""


def test_a_package_that_lacks_what_it_requires_is_told_by_that():
    error = ModuleNotFoundError("No module named 'sympy'", name="sympy")
    with pytest.raises(ModuleNotFoundError) as failure:
        exec("raise error", {"__name__": "torch.fx", "error": error})
    assert packages.explained(failure.value).startswith("torch needs sympy, which is not installed. Run: ")
    assert packages.explained(failure.value).endswith("-m pip install -r requirements.txt")


def test_the_command_that_installs_names_the_requirements_from_where_the_program_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = packages.not_installed("tqdm").partition("Run: ")[2]
    assert command == packages.install()
    assert Path(shlex.split(command)[-1]) == PROJECT / "requirements.txt"
    assert str(PROJECT / "requirements.txt") in packages.unusable("torch", "Numpy is not available")
    monkeypatch.chdir(PROJECT)
    assert packages.install().endswith("-m pip install -r requirements.txt")


def test_grading_does_not_import_numpy_before_it_looks_at_the_flags():
    code = (
        "import json, sys; import grading.cli; print(json.dumps([n for n in ('numpy', 'torch') if n in sys.modules]))"
    )
    assert json.loads(run(["-c", code], PROJECT).stdout) == []


def test_a_program_whose_output_nobody_reads_ends_without_a_word():
    read, write = os.pipe()
    os.close(read)
    statements = "from startup import ending; print('a line that stays in the buffer'); ending.print_no_more()"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with os.fdopen(write, "wb") as closed:
        command = [sys.executable, "-c", statements]
        ended = subprocess.run(command, cwd=PROJECT, env=buffered, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
