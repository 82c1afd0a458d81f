"""Writes down what unseen mistakes are told, on a page to be marked by hand: `python -m staff.evidence.unseen`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data import DataError
from data.files import write_text
from grading.arguments import count_from, seconds
from staff.evidence.mutants.format import MutantError
from staff.evidence.unseen import page
from staff.evidence.unseen.format import NEWEST, SETS, Mistake, read_all
from staff.evidence.unseen.run import Reading, read_messages
from startup import ending

PROGRAM = "python -m staff.evidence.unseen"
PAGE = Path("out") / "unseen.md"
EXIT_ALL_LOSE, EXIT_SOME_PASS, EXIT_USAGE = 0, 1, 2


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text says what."""


def main(argv: list[str] | None = None) -> int:
    """Print a line for each mistake and write the page; returns 1 if a mistake loses no check, 2 for a usage error."""
    arguments = _parser().parse_args(argv)
    readings: list[Reading] = []
    try:
        mistakes = _chosen(arguments.questions, arguments.set)
        for reading in read_messages(mistakes, arguments.jobs, arguments.seed, arguments.time_limit):
            readings.append(reading)
            lost = ", ".join(outcome.name for outcome in reading.lost) or "nothing"
            print(f"{reading.mistake.name:<44} loses {lost:<32} {reading.seconds:6.1f} s", flush=True)
        write_text(arguments.output, page.markdown(readings, _command(arguments)))
    except (UsageError, MutantError, DataError, OSError) as error:
        print(f"staff.evidence.unseen: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return ending.interrupted("staff.evidence.unseen", "No page was written.")
    unnoticed = [reading.mistake.name for reading in readings if not reading.lost]
    print(f"\n{len(unnoticed)} of {len(readings)} mistakes lose no check")
    print("".join(f"  to be replaced: {name}\n" for name in unnoticed) + f"written: {arguments.output}")
    return EXIT_SOME_PASS if unnoticed else EXIT_ALL_LOSE


def _chosen(questions: str | None, name: str) -> list[Mistake]:
    mistakes = read_all(SETS[name])
    if questions is None:
        return mistakes
    known = {mistake.question for mistake in mistakes}
    wanted = {name.strip().lower() for name in questions.split(",") if name.strip()}
    if not wanted or wanted - known:
        raise UsageError(f"-q: there are no mistakes of {', '.join(sorted(wanted - known)) or 'no question'}")
    return [mistake for mistake in mistakes if mistake.question in wanted]


def _command(arguments: argparse.Namespace) -> str:
    """The command that grades the same mistakes in the same way."""
    asked = f" -q {arguments.questions}" if arguments.questions else ""
    limit = f" --time-limit {arguments.time_limit:g}" if arguments.time_limit else ""
    return f"{PROGRAM}{asked} --set {arguments.set} --seed {arguments.seed}{limit}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=__doc__.partition(":")[0],
        epilog="Exit status: 0 every mistake loses a check, 1 some lose none, 2 usage error.",
    )
    parser.add_argument("-q", "--questions", metavar="qN,qM", help="mistakes of these questions (default all)")
    parser.add_argument("--set", choices=SETS, default=NEWEST, help=f"of thirty mistakes (default {NEWEST})")
    parser.add_argument("--output", type=Path, default=PAGE, metavar="FILE", help=f"default {PAGE.as_posix()}")
    parser.add_argument("--jobs", type=count_from(1), default=2, metavar="N", help="mistakes side by side (default 2)")
    parser.add_argument("--seed", type=count_from(0), default=0, metavar="N", help="of data and checks (default 0)")
    parser.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS", help="for each mistake, instead of its question's own"
    )
    return parser


if __name__ == "__main__":
    ending.run(main)
