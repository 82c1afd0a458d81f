"""What a busy machine costs the trainers: `python -m staff.evidence.bench_busy [--program chat] [--repeats N]`.

Measures training steps a second, the seconds of an evaluation and those of a sample. The machine is idle at first; then
one busy loop runs beside, then two, then another torch program. `shared` is how the programs compute: workers share the
batch. `torch's` is the other way: torch's threads share each operation. Both ways take turns within one run. Figures
are medians over repeats. The worst evaluation and the worst sample are shown too. Exit status 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch

from data import plays
from gpt import corpus, losses
from gpt.config import Config
from gpt.trainer import Blocks, make_trainer
from gpt.writer import Writer
from haiku_bot import functions
from haiku_bot.batches import Batches
from haiku_bot.bot import HaikuBot
from haiku_bot.corpus import content_words, load_corpus
from haiku_bot.trainer import Recipe, create_model, evaluate, stage
from staff.places import SOLUTIONS_DIRECTORY
from startup import cores, ending
from training import device as devices
from training import student
from training.trainer import Trainer
from training.workers import ONE, of_this_machine

LOOP = "while True: pass"
TORCH = "import torch; x = torch.rand(600, 600)\nwhile True: (x @ x).relu()"
COMPANY = {"alone": [], "one busy loop": [LOOP], "two busy loops": [LOOP, LOOP], "a torch program": [TORCH]}
SECONDS_TO_START = {LOOP: 0.3, TORCH: 4.0}
SHARED, TORCHS = "shared", "torch's"
PROGRESS = 0.5  # of a run: full learning rates
CHARACTERS_EVALUATED, CHARACTERS_WRITTEN = 8_000, 60

LEAST_ALONE = 0.97  # goal: steps a second, of torch's way alone
LEAST_SHARES = {"one busy loop": 0.5, "two busy loops": 0.3}  # goals: of the steps a second alone
MOST_TIMES = 3.0  # goal: an evaluation or a sample, of the seconds alone


@dataclass(frozen=True)
class Subject:
    """What one way of computing is measured on."""

    step: Callable[[], object]
    evaluation: Callable[[], object]
    sample: Callable[[], object]


@dataclass
class Figures:
    """What was measured of one way in one company."""

    rates: list[float] = field(default_factory=list)  # steps a second
    evaluations: list[float] = field(default_factory=list)  # seconds
    samples: list[float] = field(default_factory=list)  # seconds


def chargpt(device: devices.Device) -> Subject:
    """Its default model on the built-in plays."""
    config, text = Config(), corpus.read(plays.BUILT_IN_FILE, Config().block_size)
    torch.manual_seed(config.seed)
    model = student.model_class(SOLUTIONS_DIRECTORY)(*config.architecture, len(text.characters))
    trainer = make_trainer(model, Blocks(text.train, config, device), len(text.characters), config, device)
    writer = Writer(model, config.block_size, device, characters=text.characters)
    held_out = text.validation[:CHARACTERS_EVALUATED]
    return Subject(
        lambda: trainer.step(PROGRESS),
        lambda: losses.of_text(model, held_out, config.block_size, device),
        lambda: writer.write("", CHARACTERS_WRITTEN),
    )


def chat(device: devices.Device) -> Subject:
    """The haiku model; a sample is an answer."""
    students, haiku, recipe = functions.load(SOLUTIONS_DIRECTORY), load_corpus(), Recipe()
    model = create_model(recipe, haiku.vocabulary, students)
    batches = Batches(haiku.vocabulary, content_words(haiku.everything), students, recipe.seed)
    stream = batches.without_end(haiku.pretraining, [], 0)
    trainer: Trainer = stage(model, stream, students, recipe.learning_rate, 1000, device)
    bot = HaikuBot(model, haiku, students, device.workers)
    return Subject(
        lambda: trainer.step(PROGRESS),
        lambda: evaluate(model, haiku, haiku.validation, students),
        lambda: bot.answer("the sea"),
    )


PROGRAMS = {"chargpt": chargpt, "chat": chat}


@contextmanager
def company(programs: list[str]) -> Iterator[None]:
    """Run Python programs beside the block."""
    running = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    try:
        time.sleep(max((SECONDS_TO_START[program] for program in programs), default=0))
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def seconds_of(function: Callable[[], object]) -> float:
    """What one call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def measure(subject: Subject, seconds: float, figures: Figures, steps_alone: bool) -> None:
    """Add the figures of so many seconds of training, and of an evaluation and a sample unless `steps_alone`."""
    steps, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        subject.step()
        steps += 1
    figures.rates.append(steps / passed)
    if not steps_alone:
        figures.evaluations.append(seconds_of(subject.evaluation))
        figures.samples.append(seconds_of(subject.sample))


def bench(program: str, seconds: float, repeats: int, threads: int) -> dict[tuple[str, str], Figures]:
    """Figures of each company and each way."""
    shared = devices.choose(
        "cpu", precision="float32" if program == "chat" else "auto", workers=of_this_machine(threads)
    )
    subjects = {SHARED: PROGRAMS[program](shared), TORCHS: PROGRAMS[program](replace(shared, workers=ONE))}
    figures = {(beside, way): Figures() for beside in COMPANY for way in subjects}
    for repeat in range(repeats + 1):  # the first round warms up
        for beside, programs in COMPANY.items():
            if not repeat and programs:
                continue
            with company(programs):
                for way in (SHARED, TORCHS) if repeat % 2 else (TORCHS, SHARED):
                    torch.set_num_threads(threads if way == TORCHS else 1)
                    kept = figures[beside, way] if repeat else Figures()
                    # torch's way may take minutes for an evaluation beside others
                    measure(subjects[way], seconds, kept, steps_alone=way == TORCHS and bool(programs))
    return figures


def report(figures: dict[tuple[str, str], Figures]) -> bool:
    """Print the table; returns whether every goal is met."""
    median = statistics.median
    idle, theirs = figures["alone", SHARED], figures["alone", TORCHS]
    alone, met = median(idle.rates), median(idle.rates) >= LEAST_ALONE * median(theirs.rates)
    print(f"{'':18}{'steps a second':^30}{'evaluation':^18}{'sample':^18}")
    print(f"{'':18}{SHARED:>8}{'of alone':>12}{TORCHS:>10}{'median':>10}{'worst':>8}{'median':>10}{'worst':>8}")
    for beside in COMPANY:
        ours, other = figures[beside, SHARED], figures[beside, TORCHS]
        share = median(ours.rates) / alone
        print(
            f"{beside:18}{median(ours.rates):8.1f}{share:12.0%}{median(other.rates):10.1f}"
            f"{median(ours.evaluations):8.2f} s{max(ours.evaluations):6.2f} s"
            f"{median(ours.samples):8.2f} s{max(ours.samples):6.2f} s"
        )
        met &= share >= LEAST_SHARES.get(beside, 0)
        met &= max(ours.evaluations) <= MOST_TIMES * median(idle.evaluations)
        met &= max(ours.samples) <= MOST_TIMES * median(idle.samples)
    print(f"alone, shared against torch's: {alone / median(theirs.rates):.2f} (goal >= {LEAST_ALONE:g})")
    wanted = ", ".join(f"beside {beside} >= {share:.0%}" for beside, share in LEAST_SHARES.items())
    print(f"goals: {wanted} of alone; an evaluation and a sample <= {MOST_TIMES:g} times the median alone")
    return met


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.bench_busy", description=__doc__)
    parser.add_argument("--program", choices=PROGRAMS, default="chargpt", help="whose trainer (default chargpt)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of training for each figure (default 4)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="repeats of each figure (default 3)")
    parser.add_argument("--threads", type=int, default=cores(), help="(default: one for each core)")
    options = parser.parse_args(argv)
    print(f"{options.program}, {options.threads} threads", flush=True)
    return 0 if report(bench(options.program, options.seconds, options.repeats, options.threads)) else 1


if __name__ == "__main__":
    ending.run(main)
