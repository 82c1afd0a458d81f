"""The program behind `python chargpt.py`: its flags, and what they put together."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import torch

from data import plays
from gpt import continuing, corpus, defaults, run
from gpt.config import Config
from gpt.inputs import checked
from gpt.reports import Reports
from gpt.trainer import Blocks, make_trainer
from gpt.writer import Writer
from startup import EXIT_INTERRUPTED, flags
from startup.project import PROJECT_DIRECTORY
from training import checkpoint, parallel, student, workers
from training import device as devices
from training.errors import UserError, exit_status
from training.watching import Watch, unwatched, window


def main(argv: Sequence[str] | None = None, description: str = "") -> int:
    """Train, or write; returns 0, 1 where something cannot be done, 130 after Ctrl-C; a wrong flag ends with 2.

    argv: the flags; without them, those of the command line. description: of the program, for --help.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["sample"]:
        parser = _sampling_parser()
        options = flags.parse(parser, arguments[1:])
        if options.checkpoint is not None and options.out != parser.get_default("out"):
            parser.error("--checkpoint and --out both say which checkpoint to read. Leave out one of them")
        return exit_status("chargpt", "q7", lambda: _sample(checked(options)))
    parser = _training_parser(description)
    options = flags.parse(parser, arguments)
    if options.checkpoint is not None and not options.resume:
        parser.error(
            "--checkpoint names the checkpoint to go on from. Add --resume, or name the folder of a new one with --out"
        )
    return exit_status("chargpt", "q7", lambda: _train(checked(options)))


def _train(options: argparse.Namespace) -> int:
    contents = _checkpoint(options) if options.resume else None
    path = _text_path(options.text)
    content = corpus.content(path)
    config = _config(options, contents, len(content))
    together = parallel.join(options.device, config.batch_size)
    try:
        shared = workers.of_this_machine(options.threads, together.size)
        device = devices.choose(
            options.device, together.local_rank, options.precision, shared, defaults.is_long(config)
        )
        if options.threads is not None and device.torch_device.type != "cpu":
            raise UserError(
                f"--threads shares batches among threads of a CPU, and this run computes on {device.torch_device}. "
                "Leave out --threads, or add --device cpu."
            )
        text = corpus.from_text(content, str(path), config.block_size)
        limit = plays.ENTROPY if text.digest == plays.DIGEST else None
        if contents is not None:
            continuing.require_same_text(contents, text)
        torch.manual_seed(config.seed)
        writer = _writer(options, config, text.characters, device, contents)
        corpus.encode(options.prompt, text.characters)  # an unknown character is told before training, not after
        blocks = Blocks(text.train, config, device, len(text.characters))
        target = options.out / run.FILE_NAME
        checkpoint.require_writable(target, writer.model)
        trainer = make_trainer(writer.model, blocks, len(text.characters), config, device, together)
        reports = Reports(text, writer, options.prompt, options.out, limit)
        watch: Watch = unwatched
        if not options.no_graphics and together.size == 1:
            details = {"characters": text.characters, "block_size": config.block_size, "limit": limit}
            watch = window(f"Character GPT on {text.name}", "gpt.picture", **details)
        training = run.Run(trainer, blocks, config, options.out, reports, watch, not options.no_early_stop)
        if contents is not None:
            training.restore(contents)
        if together.leads:
            parameters = sum(parameter.numel() for parameter in writer.model.parameters())
            length = f"{config.steps} steps" if config.steps is not None else f"{config.minutes:g} minutes"
            verb = f"continuing at step {training.loop.steps_done}" if contents is not None else "training"
            processes = f", {together.size} processes" if together.size > 1 else ""
            print(f"{verb}: {parameters:,} parameters on {text.name}, {length}, {device}{processes}")
            print(*_remarks(contents, config, device, len(content), target), sep="", end="", flush=True)
        finished = training.train()
        if together.leads and not finished and not training.fault:
            print(f"\nstopped at step {training.loop.steps_done}. Everything is saved; --resume goes on.")
        if together.leads and finished:
            reports.at_the_end(training.history, lambda line: print(line, flush=True))
        together.meet()
        if training.fault:
            raise UserError(training.fault)
        return 0 if finished else EXIT_INTERRUPTED
    finally:
        together.close()


def _config(options: argparse.Namespace, contents: dict[str, Any] | None, characters: int) -> Config:
    """The configuration of a run on so many characters: that of its checkpoint, if there is one, as flags change it."""
    given = {field.name: value for field in fields(Config) if (value := getattr(options, field.name)) is not None}
    if contents is not None:
        return continuing.config_of(contents, given)
    return defaults.config_for(given, devices.kind(options.device), characters)


def _remarks(
    contents: dict[str, Any] | None, config: Config, device: devices.Device, characters: int, target: Path
) -> list[str]:
    """Lines before training: what has changed since the first part of the run; or what a new run replaces."""
    if contents is not None:
        told = continuing.changes(contents, config, device)
    else:
        replaced = f"{target} of an earlier run will be replaced." if target.exists() else ""
        told = [defaults.remark(config, characters) or "", replaced]
    return [f"{line}\n" for line in told if line]


def _sample(options: argparse.Namespace) -> int:
    contents = _checkpoint(options)
    device = devices.choose(options.device, precision=options.precision, workers=workers.of_this_machine(1))
    writer = _writer(options, Config.of(contents), contents["characters"], device, contents)
    for piece in writer.pieces(options.prompt, options.length, options.seed):
        print(piece, end="", flush=True)
    print()
    return 0


def _checkpoint(options: argparse.Namespace) -> dict[str, Any]:
    path = options.checkpoint or options.out / run.FILE_NAME
    return {**checkpoint.load(path, run.KEYS, "Train a new one: python chargpt.py"), "path": path}


def _writer(
    options: argparse.Namespace,
    config: Config,
    characters: str,
    device: devices.Device,
    contents: dict[str, Any] | None,
) -> Writer:
    """The student's model on its device, with the weights of a checkpoint if there is one, and able to write."""
    model = student.model_class(options.code_directory)(*config.architecture, len(characters)).to(device.torch_device)
    if contents is not None:
        remedy = "Use the model it was trained with, or train a new one."
        checkpoint.restore_weights(model, contents["model"], contents["path"], remedy)
    return Writer(model, config.block_size, device, options.temperature, options.top_k, characters=characters)


def _text_path(path: Path | None) -> Path:
    """The text to train on: the one that is named, or the first of the usual ones that is there."""
    usual = Path("input.txt"), PROJECT_DIRECTORY / "input.txt", PROJECT_DIRECTORY / "data" / "shakespeare.txt"
    return path or next((file for file in usual if file.is_file()), plays.BUILT_IN_FILE)


def _training_parser(description: str) -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="chargpt.py", description=description, formatter_class=layout)
    parser.add_argument("--text", type=Path, help="text file (default: input.txt, data/shakespeare.txt or plays.txt)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--no-early-stop", action="store_true", help="go on where the held-out loss has risen for long")
    parser.add_argument("--no-graphics", action="store_true", help="open no window while training")
    parser.add_argument(
        "--threads", type=int, help="CPU threads that share each batch (default: one for each core, at most 8)"
    )
    length = parser.add_mutually_exclusive_group()
    types = get_type_hints(Config)
    for field in fields(Config):
        default = "" if field.default is None else f" (default {field.default:g})"
        kind = float if float in (types[field.name], *get_args(types[field.name])) else int
        group = length if field.name in ("steps", "minutes") else parser
        group.add_argument(f"--{field.name.replace('_', '-')}", type=kind, help=field.metadata["help"] + default)
    _add_common(parser)
    return parser


def _sampling_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chargpt.py sample", description="Write with a trained model.")
    parser.add_argument("--length", type=int, default=1000, help="characters to write (default 1000)")
    parser.add_argument("--seed", type=int, default=int(np.random.default_rng().integers(2**31)), help="of the draws")
    _add_common(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    prompt = parser.add_mutually_exclusive_group().add_argument
    prompt("--prompt", default="", help="what samples begin with")
    prompt("--prompt-file", type=Path, help="the file that holds the prompt; - is standard input")
    add("--temperature", type=float, default=1.0, help="below 1 safer, above 1 bolder (default 1)")
    add("--top-k", type=int, help="draw from this number of likeliest characters only")
    add("--out", type=Path, default=Path("out", "chargpt"), help="folder of results (default out/chargpt)")
    add(
        "--checkpoint",
        type=Path,
        help="to read; a training also needs --resume (default: checkpoint.pt in --out)",
    )
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="of matrix products")
    add("--code-directory", type=Path, default=PROJECT_DIRECTORY, help="folder of gpt_model.py and models.py")
