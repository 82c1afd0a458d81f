"""`python -m staff.release OUT --hidden-seed TEXT`: writes student.zip and autograder.zip."""

from __future__ import annotations

import argparse
import os
import sys
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from data.files import require_writable, write_bytes
from staff.release import course, handout, hidden
from staff.release.build import STUDENT_FOLDER, autograder_files, student_files, zipped
from staff.release.manifest import ReleaseError
from staff.release.repository import changed_files, commit_id, files_of_commit
from startup import ending

ARCHIVES = ("student.zip", "autograder.zip")
SEED_VARIABLE = "NNPROJECT_HIDDEN_SEED"


def main(argv: list[str] | None = None) -> int:
    """Build both archives; returns 2 with a sentence if that cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.release",
        description="Write student.zip and autograder.zip for a commit. Same commit and secret, same bytes.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to")
    parser.add_argument(
        "--hidden-seed",
        default=os.environ.get(SEED_VARIABLE),
        metavar="TEXT",
        help=f"secret that draws the hidden test split; keep it, never commit it (default: ${SEED_VARIABLE})",
    )
    parser.add_argument(
        "--site",
        type=Path,
        metavar="DIR",
        help="a site that python -m staff.site DIR --students wrote, for student.zip",
    )
    parser.add_argument("--commit", default="HEAD", help="what to release (default HEAD)")
    arguments = parser.parse_args(argv)
    try:
        build(arguments.out, arguments.hidden_seed, arguments.commit, arguments.site)
    except (ReleaseError, OSError) as error:
        print(f"staff.release: error: {error}", file=sys.stderr)
        return 2
    return 0


def build(out: Path, hidden_seed: str | None, commit: str, site: Path | None = None) -> None:
    """Write both archives into a folder and print what was written.

    Raises:
        ReleaseError: the secret is missing or short, what is committed cannot be released, its settings do not fit
            its questions, the site is none, or the files here would draw another hidden split than those of the commit.
        OSError: a file cannot be read or written.
    """
    if not hidden_seed or len(hidden_seed) < hidden.MIN_SEED_CHARACTERS:
        raise ReleaseError(
            f"the hidden test split needs a secret of at least {hidden.MIN_SEED_CHARACTERS} characters: "
            f"--hidden-seed TEXT or ${SEED_VARIABLE}. Keep it for the term: the same secret gives the same split."
        )
    repository = files_of_commit(commit)
    changed = changed_files(commit)
    if drawing := [path for path in changed if any(fnmatchcase(path, pattern) for pattern in hidden.DRAWN_BY)]:
        raise ReleaseError(
            f"the hidden test split is drawn by the files here, and {drawing[0]} differs from {commit}: commit the "
            "change, or check the commit out"
        )
    for name in ARCHIVES:
        require_writable(out / name, make_parents=True)  # before a minute of work, not after
    notes = course.notes(repository)
    for_students = student_files(repository) | (handout.files(site) if site else {})
    students = zipped(for_students, STUDENT_FOLDER)
    grader = zipped(autograder_files(repository, hidden.files(hidden_seed), commit_id(commit)))
    for name, content in zip(ARCHIVES, (students, grader), strict=True):
        write_bytes(out / name, content)
        print(f"{out / name}: {len(content):,} bytes, sha256 {sha256(content).hexdigest()[:16]}")
    print("\n".join(notes))
    if commit == "HEAD" and changed:
        others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        print(f"not in it: changes that are not committed, in {changed[0]}{others}. Commit them and release again")


if __name__ == "__main__":
    ending.run(main)
