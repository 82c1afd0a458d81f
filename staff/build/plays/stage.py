"""How a play is put together from the grammar's pieces, and what the whole collection's entropy is.

The same company plays in all of them, in new roles. A play has a title and five acts of four scenes. In a scene, each
speech goes to any person but the one who spoke last; the last word is a couplet. Where, who, how many speeches, whether
a stage direction comes between: all are choices of known probability, so the entropy of a play is exact.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from random import Random

from staff.build.plays.grammar import Grammar

ACTS, SCENES_PER_ACT = 5, 4
MIN_SPEECHES, MAX_SPEECHES = 6, 10
DIRECTION_CHANCE = 1 / 8
NUMERALS = ("I", "II", "III", "IV", "V")


@dataclass
class Tally:
    """Text as it grows, and the log-probability, in nats, of every choice made for it."""

    text: str = ""
    log_probability: float = 0.0


class Stage:
    """Draws plays, and knows what they are worth.

    Args:
        grammar: with the symbols TITLE, CAST, ROLE, PLACE, DIRECTION, SPEECH and COUPLET.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.names = [alternative.parts[0] for alternative in grammar.rules["CAST"]]

    def draw(self, random: Random) -> Tally:
        """Write one play."""
        tally = Tally()

        def write(symbol: str, before: str, after: str) -> None:
            drawn = self.grammar.draw(symbol, random)
            tally.text += before + drawn.text + after
            tally.log_probability += drawn.log_probability

        def pick(count: int) -> int:
            tally.log_probability -= math.log(count)
            return int(random.random() * count)

        write("TITLE", "", "\n\nDramatis Personae\n")
        for name in self.names:
            write("ROLE", f"{name}, ", ".\n")
        for act in range(ACTS):
            for scene in range(SCENES_PER_ACT):
                write("PLACE", f"\nACT {NUMERALS[act]}. SCENE {NUMERALS[scene]}.\n", "\n")
                speaker = self.names[pick(len(self.names))]
                tally.text += f"Enter {speaker}, and the others.\n"
                for _ in range(MIN_SPEECHES + pick(MAX_SPEECHES - MIN_SPEECHES + 1)):
                    if random.random() < DIRECTION_CHANCE:
                        tally.log_probability += math.log(DIRECTION_CHANCE)
                        write("DIRECTION", "\n[", "]\n")
                    else:
                        tally.log_probability += math.log(1 - DIRECTION_CHANCE)
                    speaker = [name for name in self.names if name != speaker][pick(len(self.names) - 1)]
                    write("SPEECH", f"\n{speaker}:\n", "\n")
                speaker = [name for name in self.names if name != speaker][pick(len(self.names) - 1)]
                write("COUPLET", f"\n{speaker}:\n", "\nExeunt.\n")
        tally.text += "\n\n"
        return tally

    def entropy(self) -> float:
        """The exact entropy of the choices that make a play, in nats."""
        entropy, speeches = self.grammar.entropy, (MIN_SPEECHES + MAX_SPEECHES) / 2
        direction = -DIRECTION_CHANCE * math.log(DIRECTION_CHANCE) - (1 - DIRECTION_CHANCE) * math.log(
            1 - DIRECTION_CHANCE
        )
        scene = (
            entropy("PLACE")
            + math.log(len(self.names))
            + (speeches + 1) * math.log(len(self.names) - 1)
            + math.log(MAX_SPEECHES - MIN_SPEECHES + 1)
            + speeches * (direction + DIRECTION_CHANCE * entropy("DIRECTION") + entropy("SPEECH"))
            + entropy("COUPLET")
        )
        return entropy("TITLE") + len(self.names) * entropy("ROLE") + ACTS * SCENES_PER_ACT * scene

    def length(self) -> float:
        """The expected number of characters of a play, exactly: every name is as likely as any other everywhere."""
        length, speeches = self.grammar.length, (MIN_SPEECHES + MAX_SPEECHES) / 2
        name = length("CAST")
        scene = (
            length("PLACE")
            + len("\n" + "\nEnter , and the others.\n")
            + name
            + speeches * (DIRECTION_CHANCE * (len("\n[]\n") + length("DIRECTION")))
            + speeches * (len("\n:\n\n") + name + length("SPEECH"))
            + (len("\n:\n\nExeunt.\n") + name + length("COUPLET"))
        )
        headings = sum(
            len(f"ACT {act}. SCENE {scene}.\n") for act in NUMERALS[:ACTS] for scene in NUMERALS[:SCENES_PER_ACT]
        )
        front = (
            length("TITLE") + len("\n\nDramatis Personae\n") + len(self.names) * (name + len(", .\n") + length("ROLE"))
        )
        return front + headings + ACTS * SCENES_PER_ACT * scene + len("\n\n")

    def log_probability(self, play: str) -> float:
        """The probability of a play's text over all ways to write it; log, in nats, or -inf if it is no play of ours.

        The layout keeps the pieces apart (names stand in capitals before a colon, pieces hold no blank line), so that
        only the inside of a piece can be written in two ways.
        """
        total = 0.0

        def piece(symbol: str, text: str) -> None:
            nonlocal total
            total += self.grammar.log_probability(symbol, text)

        front, *scenes = re.split(r"\n\nACT [IV]+\. SCENE [IV]+\.\n", play)
        title, persons = front.split("\n\nDramatis Personae\n")
        piece("TITLE", title)
        for line in persons.rstrip("\n").split("\n"):
            piece("ROLE", line.partition(", ")[2].removesuffix("."))
        for scene in scenes:
            head, *paragraphs = scene.rstrip("\n").split("\n\n")
            piece("PLACE", head.split("\n")[0])
            total -= math.log(len(self.names)) + math.log(MAX_SPEECHES - MIN_SPEECHES + 1)
            chance = 1 - DIRECTION_CHANCE
            for paragraph in paragraphs[:-1]:
                if paragraph.startswith("["):
                    chance = DIRECTION_CHANCE
                    piece("DIRECTION", paragraph[1:-1])
                else:
                    total += math.log(chance) - math.log(len(self.names) - 1)
                    chance = 1 - DIRECTION_CHANCE
                    piece("SPEECH", paragraph.partition(":\n")[2])
            total -= math.log(len(self.names) - 1)
            piece("COUPLET", paragraphs[-1].partition(":\n")[2].removesuffix("\nExeunt."))
        return total
