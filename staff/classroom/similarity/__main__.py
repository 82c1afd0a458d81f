"""Finds submissions that are alike: `python -m staff.classroom.similarity DIR [--out FILE]`.

It needs no network and runs no code of theirs.

DIR is Gradescope's export, as a zip or unpacked, or a folder with a folder or zip for each submission.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tqdm import tqdm

from data.files import reason, require_writable, write_text
from grading.arguments import count_from
from staff import extras
from staff.classroom.errors import ClassroomError
from staff.release import starters
from startup import EXIT_USAGE, ending
from startup.project import PROJECT_DIRECTORY

with extras.needed("staff.classroom.similarity"):
    from staff.classroom import export
    from staff.classroom.similarity import compare, report
    from staff.classroom.similarity.document import read

DEFAULT_PAGE = PROJECT_DIRECTORY / "out" / "similarity.html"
PAIRS_PRINTED = 10
EXIT_DONE = 0


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text says what."""


def main(argv: list[str] | None = None) -> int:
    """Compare a class, write the page and print the most alike pairs; returns 0, or 2 for a usage error."""
    arguments = _parser().parse_args(argv)
    settings = compare.Settings(arguments.common, arguments.least, arguments.top)
    try:
        started = time.monotonic()
        class_export = export.read(arguments.directory, starters.starters())
        entries = [_entry(submission) for submission in class_export.submissions if submission.files]
        if len(entries) < 2:
            raise UsageError(
                f"{arguments.directory}: holds {len(entries)} submissions with student files; two are needed"
            )
        given = _given(arguments.given)
        require_writable(arguments.out, make_parents=True)  # before minutes of work, not after
        read_seconds = time.monotonic() - started
        pairs = len(entries) * (len(entries) - 1) // 2
        with tqdm(total=pairs, unit=" pairs", disable=None, leave=False) as bar:
            comparison = compare.compare(entries, given, settings, bar.update)
        compare_seconds = time.monotonic() - started - read_seconds
        missing = [one.id for one in class_export.submissions if not one.files and not one.fault]
        unread = [f"Not compared: {one.fault}" for one in class_export.submissions if one.fault]
        without = [f"Without any student file: {', '.join(missing)}."] if missing else []
        notes = [*class_export.notes, *unread, *without]
        page = report.render(entries, comparison, settings, notes)
        write_text(arguments.out, page, private=True, make_parents=True)
    except (UsageError, ClassroomError) as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(f"--out {arguments.out}: {reason(error)}")
    except KeyboardInterrupt:
        return ending.interrupted("staff.classroom.similarity", "Nothing was written.")
    print(*unread, sep="\n", end="\n" if unread else "")
    _print(entries, comparison, settings.common_share)
    print(
        f"{len(entries)} submissions read in {read_seconds:.1f} s, {comparison.compared:,} pairs compared in "
        f"{compare_seconds:.1f} s ({1000 * compare_seconds / max(comparison.compared, 1):.2f} ms each)\n{arguments.out}"
    )
    return EXIT_DONE


def _entry(submission: export.Submission) -> compare.Entry:
    names = ", ".join(student.name or student.identity for student in submission.students)
    name = f"{names} ({submission.id})" if names and names != submission.id else submission.id
    people = frozenset(student.identity for student in submission.students)
    return compare.Entry(name, people, read(submission.files))


def _given(directories: list[Path]) -> dict[str, bytes]:
    """The code that everybody was given: the starters, and what the folders hold, by a name of its own each."""
    given = {name: content.encode() for name, content in starters.starters().items()}
    for directory in directories:
        paths = sorted(directory.rglob("*.py"))
        if not paths:
            raise UsageError(f"--given {directory}: no folder with Python files")
        try:
            given |= {str(path): path.read_bytes() for path in paths}
        except OSError as error:
            raise UsageError(f"--given {directory}: {error.filename} cannot be read ({error.strerror})") from error
    return given


def _print(entries: list[compare.Entry], comparison: compare.Comparison, common: float) -> None:
    for group in comparison.identical:
        print(f"the same but for names and layout: {'; '.join(entries[number].name for number in group)}")
    for pair in comparison.pairs[:PAIRS_PRINTED]:
        one, other = entries[pair.first].name, entries[pair.second].name
        print(f"{pair.shares[0]:5.0%} {pair.shares[1]:5.0%} {pair.tokens:6} tokens   {one}   {other}")
    if not comparison.pairs:
        print(f"no two submissions share much, apart from what more than {common:.0%} of the class has")


def _refused(reason: str) -> int:
    print(f"staff.classroom.similarity: error: {reason}", file=sys.stderr)
    return EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    defaults = compare.Settings()
    parser = argparse.ArgumentParser(prog="python -m staff.classroom.similarity", description=__doc__.partition(":")[0])
    parser.add_argument("directory", type=Path, metavar="DIR", help="Gradescope's export, or one folder each")
    parser.add_argument(
        "--out", type=Path, default=DEFAULT_PAGE, metavar="FILE", help="the page (default out/similarity.html)"
    )
    parser.add_argument(
        "--top",
        type=count_from(1),
        default=defaults.most_pairs,
        metavar="N",
        help=f"pairs shown (default {defaults.most_pairs})",
    )
    parser.add_argument(
        "--common",
        type=_share,
        default=defaults.common_share,
        metavar="SHARE",
        help=f"set aside what more than this share of the class has (default {defaults.common_share:g}; 1 for nothing)",
    )
    parser.add_argument(
        "--least",
        type=count_from(1),
        default=defaults.least_tokens,
        metavar="TOKENS",
        help=f"leave out pairs that share fewer (default {defaults.least_tokens})",
    )
    parser.add_argument(
        "--given",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="code that everybody was given besides the starters, such as a lecture's",
    )
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, such as 0.2")
    return share


if __name__ == "__main__":
    ending.run(main)
