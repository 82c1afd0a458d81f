"""The program behind `python chat.py`: trains once, then answers every message with a haiku."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from haiku_bot import checkpoint, functions
from haiku_bot.bot import Conversation, HaikuBot
from haiku_bot.corpus import Corpus, load_corpus
from haiku_bot.functions import StudentFunctions
from haiku_bot.trainer import Recipe, create_model, evaluate, train
from haiku_bot.web import program
from startup import flags
from startup.project import PROJECT_DIRECTORY
from training import workers
from training.checkpoint import require_writable
from training.device import Device, choose
from training.errors import UserError, exit_status
from training.progress import Bar
from training.watching import Watch, unwatched, window

MAX_SEED = 10**9  # a conversation counts up from its seed; the page of --web sends no more than twice as much
FAREWELLS = ("quit", "exit", ":q")


def main(argv: Sequence[str] | None = None, description: str = "") -> int:
    """Trains if there is no checkpoint, then answers; returns 0, 1 where that cannot be done, 130 after Ctrl-C.

    argv: the flags; without them, those of the command line. description: of the program, for --help.
    """
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="chat.py", description=description, formatter_class=layout)
    add = parser.add_argument
    add("--ask", metavar="MESSAGE", help="answer one message and end")
    add("--web", action="store_true", help="chat in a browser, and see how each answer comes to be")
    add("--port", type=int, metavar="N", help="of the page of --web (default: any that is free)")
    add("--renku", action="store_true", help="link each verse to the one before")
    add("--seed", type=int, default=0, help="another seed, other answers (default 0)")
    add("--retrain", action="store_true", help="train again, whatever checkpoint there is")
    add("--checkpoint", type=Path, default=checkpoint.PATH, metavar="FILE", help="(default out/haiku.pt)")
    add("--no-graphics", action="store_true", help="open no window while training")
    add("--code-directory", type=Path, default=PROJECT_DIRECTORY, help="folder of haiku.py, gpt_model.py, models.py")
    arguments = flags.parse(parser, argv)
    if arguments.web and arguments.ask is not None:
        parser.error("--web and --ask cannot go together: the page asks for messages")
    if arguments.port is not None and not arguments.web:
        parser.error("--port is the port of the page of --web. Add --web, or leave out --port")
    if arguments.renku and arguments.ask is not None:
        parser.error("--renku links the verses of a conversation, and --ask has one verse. Leave out one of them")
    if not 0 <= arguments.seed <= MAX_SEED:
        parser.error(f"--seed should be a whole number from 0 to {MAX_SEED:,}; got {arguments.seed}")
    return exit_status("chat", "q8", lambda: _chat(arguments))


def _chat(arguments: argparse.Namespace) -> int:
    if arguments.web:
        directory = arguments.code_directory

        def prepare(watch: Watch) -> tuple[HaikuBot, functions.Parts]:
            return _bot(arguments, watch), functions.load_parts(directory)

        return program.run(prepare, directory, arguments.port or 0, arguments.seed, arguments.renku)
    bot = _bot(arguments, unwatched if arguments.no_graphics else window("Haiku chatbot", "haiku_bot.picture"))
    if arguments.ask is not None:
        print(bot.answer(arguments.ask, arguments.seed).text)
    else:
        converse(bot, arguments.seed, arguments.renku)
    return 0


def _bot(arguments: argparse.Namespace, watch: Watch) -> HaikuBot:
    """The bot with the student's functions and a trained model."""
    students, corpus = functions.load(arguments.code_directory), load_corpus()
    device = choose("cpu", precision="float32", workers=workers.of_this_machine())
    model = trained_model(corpus, Recipe(), students, arguments.checkpoint, device, arguments.retrain, watch)
    return HaikuBot(model, corpus, students, device.workers)


def converse(bot: HaikuBot, seed: int, renku: bool, read: Callable[[str], str] = input) -> None:
    """Answers line after line until the end of the input or one of `FAREWELLS`."""
    print("Say anything. I answer in haiku. (Ctrl-D or quit ends.)\n")
    conversation = Conversation(bot, seed, renku)
    while True:
        try:
            message = read("> ")
        except EOFError:
            print()
            return
        if message.strip().lower() in FAREWELLS:
            return
        lines = conversation.answer(message).lines
        print("\n" + "\n".join(f"    {line}" for line in lines) + "\n")


def trained_model(
    corpus: Corpus,
    recipe: Recipe,
    students: StudentFunctions,
    path: Path,
    device: Device,
    retrain: bool = False,
    watch: Watch = unwatched,
) -> torch.nn.Module:
    """The model of the checkpoint at `path`; trained, and kept there, if there is none or `retrain` is asked for.

    device: a CPU, for the training. A model that cannot be kept is told on standard error, and answers all the same.

    Raises:
        UserError: the checkpoint cannot be used, or it is clear before training that none can be written.
    """
    if path.exists() and not retrain:
        return checkpoint.load(corpus, recipe, students, path)
    model = create_model(recipe, corpus.vocabulary, students)
    require_writable(path, model)
    _train(model, corpus, recipe, students, device, watch)
    try:
        checkpoint.save(model, corpus, recipe, path)
    except UserError as error:
        print(f"chat: {error} The model is trained and answers, but the next start trains again.", file=sys.stderr)
    return model


def _train(
    model: torch.nn.Module,
    corpus: Corpus,
    recipe: Recipe,
    students: StudentFunctions,
    device: Device,
    watch: Watch,
) -> None:
    """Trains with a progress bar; says in the end what the model has learned."""
    print(f"Training once: {len(corpus.pretraining):,} haiku from a grammar, then {len(corpus.training):,} by hand.")
    started = time.monotonic()
    with watch(model, corpus.vocabulary, students) as note, Bar() as bar:

        def report(stage: str, share: float, loss: Tensor) -> None:
            bar.show(share, f"{stage}, loss {loss.item():.2f}")
            note(stage, share, loss)

        train(model, corpus, recipe, students, report, device)
    loss = evaluate(model, corpus, corpus.validation, students)
    print(
        f"{time.monotonic() - started:.0f} seconds; validation loss {loss:.2f} nats/token "
        f"on {len(corpus.validation)} hand-written haiku held out.\n"
    )
