"""Does the image's setup work on a machine that has nothing? `python -m staff.release.bare` tries it (Linux, root).

debootstrap makes a Debian with nothing but its package manager, in a folder of its own. There the working tree's
autograder.zip is unpacked as Gradescope does it. setup.sh runs, then run_autograder grades the reference on one
question. Elsewhere, and without debootstrap, the command says why it was skipped.

What this machine needs to reach the network is passed on: PIP_*, *_PROXY and SSL_* variables, and what `--share` names.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from grading.isolation.sandbox import is_root
from staff.evidence.hostile.harness import METADATA, autograder_archive, change_settings
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending

SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
PASSED_ON = ("PIP_", "SSL_")
SHARED = (Path("/etc/resolv.conf"), Path("/etc/hosts"))
EXIT_SOUND, EXIT_NOT = 0, 1


class NotBare(Exception):
    """A step of building or trying the bare machine failed; the text names the step."""


def why_not() -> str:
    """Why this machine cannot try it; "" if it can."""
    if not sys.platform.startswith("linux"):
        return "a bare Debian needs Linux"
    if not is_root():
        return "only root may make a bare Debian; try it in a container"
    missing = [name for name in ("debootstrap", "unshare", "chroot") if shutil.which(name) is None]
    return f"{missing[0]} is missing: apt-get install debootstrap util-linux" if missing else ""


def main(argv: list[str] | None = None) -> int:
    """Try it and print each step with its seconds; 1 if a step failed."""
    parser = argparse.ArgumentParser(prog="python -m staff.release.bare", description=__doc__.splitlines()[0])
    parser.add_argument("--suite", default=SUITE, help=f"of Debian or Ubuntu (default {SUITE})")
    parser.add_argument("--mirror", default=MIRROR, metavar="URL", help=f"of its packages (default {MIRROR})")
    parser.add_argument("-q", "--question", default="q6", metavar="qN", help="graded at the end (default q6)")
    parser.add_argument(
        "--share", action="append", default=[], type=Path, metavar="PATH",
        help="folder or file of this machine that the bare one may read, such as certificates or wheels",
    )  # fmt: skip
    arguments = parser.parse_args(argv)
    if reason := why_not():
        print(f"staff.release.bare: skipped: {reason}")
        return EXIT_SOUND
    with tempfile.TemporaryDirectory(prefix="nn-bare-") as folder:
        try:
            _try(Path(folder), arguments.suite, arguments.mirror, arguments.question, arguments.share)
        except NotBare as failure:
            print(f"staff.release.bare: {failure}", file=sys.stderr)
            return EXIT_NOT
    return EXIT_SOUND


def _try(root: Path, suite: str, mirror: str, question: str, shared: Sequence[Path]) -> None:
    _step(f"a bare {suite}", ["debootstrap", "--variant=minbase", suite, str(root), mirror])
    root.chmod(0o755)  # or the unprivileged user inside cannot open it
    _unpack(root / "autograder", question)
    command = "bash /autograder/source/setup.sh"
    _step("setup.sh", inside(root, command, shared))
    _step("run_autograder", inside(root, "/autograder/run_autograder", shared))
    results = json.loads((root / "autograder" / "results" / "results.json").read_text(encoding="utf-8"))
    tests = results.get("tests", [])
    for test in tests:
        print(f"    {test['status']:<8}{test['name']}")
    if not tests or any(test["status"] != "passed" for test in tests):
        raise NotBare(f"the reference was not given full marks: {results.get('output', '')}")


def _unpack(autograder: Path, question: str) -> None:
    """Lay the folder out as Gradescope does, with the reference as the submission."""
    source = autograder / "source"
    source.mkdir(parents=True)
    with zipfile.ZipFile(BytesIO(autograder_archive({}))) as archive:
        archive.extractall(source)
    change_settings(source, questions=[question])
    shutil.copy(source / "run_autograder", autograder)
    (autograder / "run_autograder").chmod(0o755)
    submission = autograder / "submission"
    submission.mkdir()
    (autograder / "results").mkdir()
    for path in SOLUTIONS_DIRECTORY.glob("*.py"):
        shutil.copy(path, submission)
    (autograder / "submission_metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")


def inside(root: Path, command: str, shared: Sequence[Path]) -> list[str]:
    """The call that runs a shell command in the bare machine, with mounts that end when it ends.

    Args:
        root: of the bare machine.
        command: for its shell.
        shared: paths of this machine that it may read, besides those of name resolution.
    """
    lines = ["set -e", f"cd {shlex.quote(str(root))}", "mount --rbind /dev dev", "mount -t proc proc proc"]
    for path in (*SHARED, *shared):
        if path.exists():
            target = shlex.quote("." + str(path.resolve() if path in shared else path))
            make = f"mkdir -p {target}" if path.is_dir() else f"mkdir -p $(dirname {target}); touch {target}"
            lines += [make, f"mount --bind {shlex.quote(str(path))} {target}", f"mount -o remount,ro,bind {target}"]
    passed_on = {name: value for name, value in os.environ.items() if is_passed_on(name)}
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"} | passed_on
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    lines.append(f"exec env -i {settings} chroot . bash -c {shlex.quote(command)}")
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", "\n".join(lines)]


def is_passed_on(name: str) -> bool:
    """Whether the bare machine gets an environment variable of this one: settings of pip, certificates, proxies."""
    return name.startswith(PASSED_ON) or name.lower().endswith("_proxy")


def _step(name: str, call: Sequence[str]) -> None:
    started = time.monotonic()
    print(f"{name} …", flush=True)
    finished = subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    lines = finished.stdout.strip().splitlines()
    print(f"{name}: {time.monotonic() - started:.0f} s. {lines[-1] if lines else ''}", flush=True)
    if finished.returncode:
        print("\n".join(lines[-20:]))
        raise NotBare(f"{name} ended with exit status {finished.returncode}")


if __name__ == "__main__":
    ending.run(main)
