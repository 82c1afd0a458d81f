"""Draw the built-in plays: `python -m staff.build.plays.build [--check]`, or `--show N` to read some scenes.

Writes data/plays.txt, the same to the last bit every time, and prints what is known about it: the grammar's entropy per
character, exactly, and the information that this very text holds, counted over all the ways to derive it.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from random import Random

from data import plays
from data.files import write_text
from staff.build.plays import grammar
from staff.build.plays.stage import Stage
from startup import ending

PLAYS = 21
SEED = 1623


def build(stage: Stage, count: int = PLAYS, seed: int = SEED) -> tuple[str, float]:
    """The text of so many plays, and the log-probability, in nats, of all choices made for it."""
    random = Random(seed)
    drawn = [stage.draw(random) for _ in range(count)]
    return "".join(play.text for play in drawn), sum(play.log_probability for play in drawn)


def separate(text: str) -> list[str]:
    """The single plays of a text."""
    return [play for play in text.split("\n\n\n") if play]


def information(stage: Stage, text: str) -> float:
    """What a text holds, in nats: the probability that the grammar writes it, over all derivations."""
    return -sum(stage.log_probability(play + "\n\n\n") for play in separate(text))


def facts(stage: Stage, text: str, log_probability: float) -> list[str]:
    """What is known about the text, as lines to read."""
    entropy = stage.entropy() / stage.length()
    held_out = "\n\n\n".join(separate(text)[-max(1, len(separate(text)) // 10) :]) + "\n\n\n"
    return [
        f"characters: {len(text)} ({len(set(text))} different), sha256 {hashlib.sha256(text.encode()).hexdigest()}",
        f"entropy of the grammar's choices: {entropy:.5f} nats/char, exactly (an upper bound for the text's entropy)",
        f"information in the choices made: {-log_probability / len(text):.5f} nats/char",
        f"information in this text over all derivations: {information(stage, text) / len(text):.5f} nats/char",
        f"information in its last plays: {information(stage, held_out) / len(held_out):.5f} nats/char",
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the plays, or with --check compare; returns 1 if they differ."""
    parser = argparse.ArgumentParser(prog="python -m staff.build.plays.build", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if plays.txt is not what comes out")
    parser.add_argument("--show", type=int, metavar="N", help="print N plays of another seed instead")
    parser.add_argument("--output", type=Path, default=plays.BUILT_IN_FILE)
    arguments = parser.parse_args(argv)
    stage = Stage(grammar.load())
    if arguments.show:
        print(build(stage, arguments.show, SEED + 1)[0])
        return 0
    text, log_probability = build(stage)
    if arguments.check:
        same = arguments.output.is_file() and arguments.output.read_bytes() == text.encode()
        print(f"{arguments.output}: {'as built' if same else 'differs; run python -m staff.build.plays.build'}")
        return 0 if same else 1
    write_text(arguments.output, text)
    print("\n".join(facts(stage, text, log_probability)))
    return 0


if __name__ == "__main__":
    ending.run(main)
