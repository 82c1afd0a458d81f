"""The program behind `python haiku.py`: trains once, then answers every message with a haiku."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tqdm import tqdm

from haiku_bot import checkpoint
from haiku_bot.bot import Conversation, HaikuBot
from haiku_bot.trainer import Corpus, Recipe, Watch, create_model, evaluate, load_corpus, train, unwatched

FAREWELLS = ("quit", "exit", ":q")
BAR = "{desc} |{bar}| {percentage:3.0f}% {postfix} {remaining}"


def main(argv: list[str] | None = None) -> int:
    """Trains if there is no checkpoint, then answers; 0 if all went well, 1 if not, 2 for a usage error."""
    parser = argparse.ArgumentParser(prog="python haiku.py", description="A chatbot that answers only in haiku.")
    parser.add_argument("--ask", metavar="MESSAGE", help="answer one message and end")
    parser.add_argument("--renku", action="store_true", help="link each verse to the one before")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other answers (default 0)")
    parser.add_argument("--retrain", action="store_true", help="train anew, whatever checkpoint there is")
    parser.add_argument(
        "--checkpoint", type=Path, default=checkpoint.PATH, metavar="FILE", help="(default out/haiku.pt)"
    )
    parser.add_argument("--no-graphics", action="store_true", help="open no window while training")
    arguments = parser.parse_args(argv)

    try:
        corpus = load_corpus()
        watch = unwatched if arguments.no_graphics else _window()
        model = trained_model(corpus, Recipe(), arguments.checkpoint, arguments.retrain, watch)
        bot = HaikuBot(model, corpus)
        if arguments.ask is not None:
            print(bot.answer(arguments.ask, arguments.seed).text)
        else:
            converse(bot, arguments.seed, arguments.renku)
    except NotImplementedError as error:
        print(f"{error}\nFill it in, then try again; `python autograder.py -q q8` checks each part.", file=sys.stderr)
        return 1
    except (checkpoint.CheckpointError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nNothing was saved." if not arguments.checkpoint.exists() else "")
        return 1
    return 0


def converse(bot: HaikuBot, seed: int, renku: bool, read: Callable[[str], str] = input) -> None:
    """Answers line after line until the end of the input, Ctrl-C or one of `FAREWELLS`."""
    print("Say anything. I answer in haiku. (Ctrl-D or quit ends.)\n")
    conversation = Conversation(bot, seed, renku)
    while True:
        try:
            message = read("> ")
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if message.strip().lower() in FAREWELLS:
            return
        lines = conversation.answer(message).lines
        print("\n" + "\n".join(f"    {line}" for line in lines) + "\n")


def trained_model(
    corpus: Corpus, recipe: Recipe, path: Path, retrain: bool = False, watch: Watch = unwatched
) -> torch.nn.Module:
    """The model of the checkpoint at `path`; trained, and kept there, if there is none or `retrain` is asked for."""
    if not retrain:
        try:
            return checkpoint.load(corpus, recipe, path)
        except FileNotFoundError:
            pass
    model = create_model(recipe, corpus.vocabulary)
    _train(model, corpus, recipe, watch)
    checkpoint.save(model, corpus, recipe, path)
    return model


def _window() -> Watch:
    """A live window, where one can be hoped for."""
    from pictures.windows.display import has_display

    if not has_display():
        return unwatched
    from pictures.windows.live import Live

    return Live("Haiku chatbot").watcher("pictures.verse")


def _train(model: torch.nn.Module, corpus: Corpus, recipe: Recipe, watch: Watch) -> None:
    """Trains with a progress bar for each stage; says in the end what the model has learned."""
    print(f"Training once: {len(corpus.pretraining):,} haiku from a grammar, then {len(corpus.training):,} by hand.")
    started = time.monotonic()
    bars: dict[str, tqdm] = {}

    def report(stage: str, share: float, loss: float) -> None:
        if stage not in bars:
            bars[stage] = tqdm(total=1000, desc=f"{stage:<12}", bar_format=BAR)
        bar = bars[stage]
        bar.set_postfix_str(f"loss {loss:.2f}", refresh=False)
        bar.update(round(share * 1000) - bar.n)
        if share == 1:
            bar.close()

    with watch(model, corpus.vocabulary) as note:

        def report_and_note(stage: str, share: float, loss: float) -> None:
            report(stage, share, loss)
            note(stage, share, loss)

        train(model, corpus, recipe, report_and_note)
    loss = evaluate(model, corpus, corpus.validation)
    print(
        f"{time.monotonic() - started:.0f} seconds; validation loss {loss:.2f} nats/token "
        f"on {len(corpus.validation)} hand-written haiku held out.\n"
    )
