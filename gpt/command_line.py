"""Question 7: trains a character GPT on plays, and lets it write.

    python chargpt.py                                  train on the built-in plays for three minutes
    python chargpt.py --text FILE --minutes 2          train on a text of your own
    python chargpt.py --resume                         go on where the last run stopped
    python chargpt.py sample --prompt "ROMEO:"         write with the model that was trained last
    torchrun --nproc_per_node=2 chargpt.py             train with several processes or GPUs

Your model comes from gpt_model.py and models.py. Nothing here needs editing; the pieces are in gpt/.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from data import plays
from gpt import checkpoint, corpus, parallel, sample
from gpt import device as devices
from gpt.config import Config
from gpt.errors import UserError
from gpt.reports import Reports
from gpt.run import Run
from gpt.trainer import Trainer
from gpt.watching import Watch, unwatched

PROJECT_DIRECTORY = Path(__file__).resolve().parent
MODEL_NAMES = ("GPT", "Character_GPT")  # the second in solutions written for another edition of this project
INTERRUPTED = 130  # the exit status of a program that Ctrl-C has stopped


def main(argv: Sequence[str] | None = None) -> int:
    """Train, or write; returns 0, 1 where something cannot be done, 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _sample(arguments[1:]) if arguments[:1] == ["sample"] else _train(arguments)
    except UserError as error:
        print(f"chargpt: {error}", file=sys.stderr)
        return 1
    except NotImplementedError as error:
        print(f"chargpt: {error}. Fill in gpt_model.py (and question 6 in models.py) first.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nchargpt: interrupted", file=sys.stderr)
        return INTERRUPTED


def fit(
    model: Module, ids: Tensor, vocabulary: int, block_size: int, steps: int, seed: int, watch: Watch = unwatched
) -> None:
    """Train a model on a text for a number of steps, as `python chargpt.py` does but on smaller batches.

    ids: int64 (count,), each from 0 to vocabulary - 1. The autograder's checks call this.
    """
    config = Config(block_size=block_size, batch_size=16, steps=steps, seed=seed)
    with torch.enable_grad(), watch(model) as note:
        trainer = Trainer(model.train(), ids, vocabulary, config, devices.choose("cpu"))
        for step in range(steps):
            note((step + 1) / steps, trainer.step(step / steps))


def overfit(model: Module, batch: Tensor, vocabulary: int, steps: int) -> None:
    """Train a model on one batch again and again. batch: int64 (rows, block_size + 1)."""
    config = Config(block_size=batch.shape[1] - 1, batch_size=len(batch), steps=steps)
    with torch.enable_grad():
        trainer = Trainer(
            model.train(), batch.flatten(), vocabulary, config, devices.Device(batch.device, False, False)
        )
        for step in range(steps):
            trainer.step(step / steps, batch)


def _train(arguments: list[str]) -> int:
    options = _training_parser().parse_args(arguments)
    path, folder = options.checkpoint or options.out / "checkpoint.pt", options.out
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
        model = _build(options.code_directory, config, len(text.characters)).to(device.torch_device)
        if contents is not None:
            checkpoint.restore_weights(model, contents, path)
        writer = sample.Writer(model, text.characters, config.block_size, device, options.temperature, options.top_k)
        corpus.encode(options.prompt, text.characters)  # an unknown character is told before training, not after
        trainer = Trainer(model, text.train, len(text.characters), config, device, together)
        reports = Reports(text, writer, options.prompt, folder, limit)
        watch = _watch(options, config, text, limit, together)
        run = Run(trainer, text, config, device, together, folder, reports, watch)
        if contents is not None:
            run.restore(contents)
        if together.leads:
            parameters = sum(parameter.numel() for parameter in model.parameters())
            length = f"{config.steps} steps" if config.steps is not None else f"{config.minutes:g} minutes"
            verb = f"continuing at step {trainer.steps_done}" if contents is not None else "training"
            shared = f", {together.size} processes" if together.size > 1 else ""
            print(f"{verb}: {parameters:,} parameters on {text.name}, {length}, {device}{shared}", flush=True)
        finished = run.train()
        if together.leads and not finished:
            print(
                f"\nstopped at step {trainer.steps_done}; everything is saved. Go on with: python chargpt.py --resume"
            )
        if together.leads and finished:
            reports.at_the_end(run.history, lambda line: print(line, flush=True))
        together.meet()
        return 0 if finished else INTERRUPTED
    finally:
        together.close()


def _watch(
    options: argparse.Namespace, config: Config, text: corpus.Corpus, limit: float | None, together: parallel.Parallel
) -> Watch:
    """A live window, where one can be hoped for."""
    from pictures.windows.display import has_display

    if options.no_graphics or together.size > 1 or not has_display():
        return unwatched
    from pictures.windows.live import Live

    title = f"Character GPT on {text.name}"
    details = {"characters": text.characters, "block_size": config.block_size, "limit": limit}
    return Live(title).watcher("pictures.writing", **details)


def _sample(arguments: list[str]) -> int:
    options = _sampling_parser().parse_args(arguments)
    if options.length < 0:
        raise UserError(f"--length should be at least 0; got {options.length}")
    path = options.checkpoint or options.out / "checkpoint.pt"
    contents = checkpoint.load(path)
    config, characters = checkpoint.config_of(contents), contents["characters"]
    devices.set_threads(options.threads, 1)
    device = devices.choose(options.device, precision=options.precision)
    model = _build(options.code_directory, config, len(characters)).to(device.torch_device)
    checkpoint.restore_weights(model, contents, path)
    writer = sample.Writer(model, characters, config.block_size, device, options.temperature, options.top_k)
    print(writer.write(options.prompt, options.length, options.seed))
    return 0


def _build(code_directory: Path, config: Config, vocabulary: int) -> Any:
    """Make the student's model."""
    sys.path.insert(0, str(code_directory.resolve()))
    try:
        module = importlib.import_module("gpt_model")
    except ModuleNotFoundError as error:
        if error.name != "gpt_model":
            raise
        raise UserError(f"there is no gpt_model.py in {code_directory}. Check --code-directory.") from None
    for name in MODEL_NAMES:
        if hasattr(module, name):
            return getattr(module, name)(*config.architecture, vocabulary)
    raise UserError("gpt_model.py has no class GPT; was it renamed or deleted?")


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


def _training_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chargpt.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
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


if __name__ == "__main__":
    sys.exit(main())
