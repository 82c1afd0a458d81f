"""The program behind `python chargpt.py`: its flags, and what they put together."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data import plays
from gpt import checkpoint, corpus
from gpt.config import Config
from gpt.reports import Reports
from gpt.run import Run
from gpt.trainer import Blocks, make_trainer
from gpt.writer import Writer
from training import device as devices
from training import parallel, student
from training.checkpoint import restore_weights
from training.device import Device
from training.errors import INTERRUPTED, UserError, exit_status
from training.sampling import Sampler
from training.watching import Watch, unwatched, window

PROJECT_DIRECTORY = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None, description: str = "") -> int:
    """Train, or write; returns 0, 1 where something cannot be done, 130 after Ctrl-C.

    Args:
        argv: the flags; without them, those of the command line.
        description: of the program, for --help.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["sample"]:
        return exit_status("chargpt", "q7", lambda: _sample(_sampling_parser().parse_args(arguments[1:])))
    return exit_status("chargpt", "q7", lambda: _train(_training_parser(description).parse_args(arguments)))


def _train(options: argparse.Namespace) -> int:
    path, folder = _checkpoint_path(options), options.out
    contents = checkpoint.load(path) if options.resume else None
    config = _config(options, contents, path)
    together = parallel.join(options.device, config.batch_size)
    try:
        devices.set_threads(options.threads, together.size)
        device = devices.choose(options.device, together.local_rank, options.precision)
        text, limit = _text(options.text, config.block_size)
        if contents is not None and contents["text_digest"] != text.digest:
            raise UserError(
                f"{path} was trained on another text ({contents['text_name']}) than {text.name}. "
                "Name that text with --text, or train anew without --resume."
            )
        torch.manual_seed(config.seed)
        model = _model(options, config, text.characters, device, contents, path)
        writer = _writer(options, model, config, text.characters, device)
        corpus.encode(options.prompt, text.characters)  # an unknown character is told before training, not after
        blocks = Blocks(text.train, config, device)
        trainer = make_trainer(model, blocks, len(text.characters), config, device, together)
        reports = Reports(text, writer, options.prompt, folder, limit)
        watch: Watch = unwatched
        if not options.no_graphics and together.size == 1:
            details = {"characters": text.characters, "block_size": config.block_size, "limit": limit}
            watch = window(f"Character GPT on {text.name}", "gpt.picture", **details)
        run = Run(trainer, blocks, text, config, device, together, folder, reports, watch)
        if contents is not None:
            run.restore(contents)
        if together.leads:
            parameters = sum(parameter.numel() for parameter in model.parameters())
            length = f"{config.steps} steps" if config.steps is not None else f"{config.minutes:g} minutes"
            verb = f"continuing at step {run.loop.steps_done}" if contents is not None else "training"
            shared = f", {together.size} processes" if together.size > 1 else ""
            print(f"{verb}: {parameters:,} parameters on {text.name}, {length}, {device}{shared}", flush=True)
        finished = run.train()
        if together.leads and not finished:
            print(f"\nstopped at step {run.loop.steps_done}. Everything is saved; --resume goes on.")
        if together.leads and finished:
            reports.at_the_end(run.history, lambda line: print(line, flush=True))
        together.meet()
        return 0 if finished else INTERRUPTED
    finally:
        together.close()


def _sample(options: argparse.Namespace) -> int:
    if options.length < 0:
        raise UserError(f"--length should be at least 0; got {options.length}")
    path = _checkpoint_path(options)
    contents = checkpoint.load(path)
    config, characters = checkpoint.config_of(contents), contents["characters"]
    devices.set_threads(options.threads, 1)
    device = devices.choose(options.device, precision=options.precision)
    model = _model(options, config, characters, device, contents, path)
    print(_writer(options, model, config, characters, device).write(options.prompt, options.length, options.seed))
    return 0


def _checkpoint_path(options: argparse.Namespace) -> Path:
    return options.checkpoint or options.out / checkpoint.FILE_NAME


def _model(
    options: argparse.Namespace,
    config: Config,
    characters: str,
    device: Device,
    contents: dict[str, Any] | None,
    path: Path,
) -> torch.nn.Module:
    """The student's model on its device, with the weights of a checkpoint if there is one."""
    model = student.model_class(options.code_directory)(*config.architecture, len(characters)).to(device.torch_device)
    if contents is not None:
        restore_weights(model, contents["model"], path, "Use the model it was trained with, or train a new one.")
    return model


def _writer(
    options: argparse.Namespace, model: torch.nn.Module, config: Config, characters: str, device: Device
) -> Writer:
    return Writer(Sampler(model, config.block_size, device, options.temperature, options.top_k), characters)


def _text(path: Path | None, block_size: int) -> tuple[corpus.Corpus, float | None]:
    """The text to train on, and its entropy per character where that is known."""
    if path is None:
        candidates = (
            Path("input.txt"),
            PROJECT_DIRECTORY / "input.txt",
            PROJECT_DIRECTORY / "data" / "shakespeare.txt",
        )
        path = next((candidate for candidate in candidates if candidate.is_file()), plays.BUILT_IN_FILE)
    text = corpus.read(path, block_size)
    return text, plays.ENTROPY if text.digest == plays.DIGEST else None


def _config(options: argparse.Namespace, contents: dict[str, Any] | None, path: Path) -> Config:
    """The configuration: the checkpoint's where training goes on, with the flags' changes.

    Raises:
        UserError: a flag asks for another architecture than the checkpoint's.
    """
    given = {field.name: value for field in fields(Config) if (value := getattr(options, field.name, None)) is not None}
    if contents is None:
        return Config(**given)
    config = checkpoint.config_of(contents)
    for name in ("block_size", "n_embd", "n_layer", "batch_size", "seed"):
        if name in given and given[name] != getattr(config, name):
            raise UserError(
                f"{path} was trained with {name} = {getattr(config, name)}, not {given[name]}. "
                f"Leave out --{name.replace('_', '-')}, or train anew without --resume."
            )
    if "minutes" in given and "steps" not in given:
        given["steps"] = None
    return replace(config, **given)


def _training_parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chargpt.py", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Config()
    parser.add_argument(
        "--text", type=Path, help="text file; default: input.txt or data/shakespeare.txt, else data/plays.txt"
    )
    parser.add_argument("--minutes", type=float, help=f"how long to train (default {default.minutes:g})")
    parser.add_argument("--steps", type=int, help="train for so many steps instead; runs repeat to the last bit")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--block-size", type=int, help=f"characters seen at once (default {default.block_size})")
    parser.add_argument("--n-embd", type=int, help=f"width (default {default.n_embd})")
    parser.add_argument("--n-layer", type=int, help=f"transformer blocks (default {default.n_layer})")
    parser.add_argument("--batch-size", type=int, help=f"blocks in a step (default {default.batch_size})")
    parser.add_argument("--learning-rate", type=float, help=f"of AdamW (default {default.learning_rate:g})")
    parser.add_argument(
        "--matrix-learning-rate", type=float, help=f"of Muon (default {default.matrix_learning_rate:g})"
    )
    parser.add_argument("--seed", type=int, help="of the weights and the order of batches (default 0)")
    parser.add_argument("--no-graphics", action="store_true", help="open no window while training")
    _add_common(parser)
    return parser


def _sampling_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chargpt.py sample", description="Write with a trained model.")
    parser.add_argument("--length", type=int, default=1000, help="characters to write (default 1000)")
    parser.add_argument("--seed", type=int, default=int(np.random.default_rng().integers(2**31)), help="of the draws")
    _add_common(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prompt", default="", help="what samples begin with")
    parser.add_argument("--temperature", type=float, default=1.0, help="below 1 safer, above 1 bolder (default 1)")
    parser.add_argument("--top-k", type=int, help="draw from the so many likeliest characters only")
    parser.add_argument(
        "--out", type=Path, default=Path("out") / "chargpt", help="folder of results (default out/chargpt)"
    )
    parser.add_argument("--checkpoint", type=Path, help="checkpoint to read (default: checkpoint.pt in --out)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="of matrix products"
    )
    parser.add_argument("--threads", type=int, help="CPU threads (default: one for each core, at most 8)")
    parser.add_argument(
        "--code-directory", type=Path, default=PROJECT_DIRECTORY, help="folder of gpt_model.py and models.py"
    )
