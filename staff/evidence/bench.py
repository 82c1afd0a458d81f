"""What the data path costs: `make bench`, or `python -m staff.evidence.bench [--repeats N]`.

Every figure is the median over repeats, the contestants taking turns within one run, so that a busy machine slows
both alike. Goals stand next to the figures; the exit status is 1 if one is missed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss
from torch.utils.data import DataLoader, Dataset

import backend
import data
from data import words
from staff.build.digits.generate import generate
from staff.solutions import models
from startup import ending

Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]
Step = Callable[[Tensor, Tensor], None]
GENERATED_IMAGES = 5_000


@dataclass(frozen=True)
class Contest:
    """One question's training loop: the data path's costs are compared under the same model and step."""

    question: str
    dataset_name: str
    dataset: type[Any]  # of what training functions get
    batch_size: int
    model: Any  # a reference model; nothing to say about its methods here
    rows: int  # of the training split that one pass goes over
    passes: int  # in one repeat, so that it lasts long enough to be timed
    worst_ratio: float  # goal: loader loop against bare loop
    least_speedup: float | None  # goal: against a dataset that builds items one by one


def contests() -> list[Contest]:
    """The four questions that the goals name, with the reference models."""
    return [
        Contest("q1", "points", backend.PerceptronDataset, 1, models.PerceptronModel(3), 500, 10, 2.0, None),
        Contest("q2", "sine", backend.RegressionDataset, 32, models.RegressionModel(), 200, 50, 1.3, None),
        Contest(
            "q3",
            "digits",
            backend.DigitClassificationDataset,
            64,
            models.DigitClassificationModel(),
            19_200,
            1,
            1.3,
            4.0,
        ),
        Contest("q4", "words", backend.LanguageIDDataset, 64, models.LanguageIDModel(), 3_200, 1, 1.3, 4.0),
    ]


class ItemByItem(Dataset[dict[str, Tensor]]):
    """The usual way to write a dataset, for comparison: one row converted at a time, stacked by torch's collation."""

    def __init__(self, dataset: backend.CourseDataset, name: str) -> None:
        self._dataset, self._name = dataset, name

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        x, label = self._dataset._stored[index], self._dataset.y[index]
        if self._name == "digits":
            x = x.float() / 255
        if self._name == "words":
            x = torch.nn.functional.one_hot(x.clamp(min=0), words.CHARACTERS).float() * (x >= 0).unsqueeze(1)
        return {"x": x, "label": label}


def bare_batches(contest: Contest, dataset: backend.CourseDataset) -> Iterator[tuple[Tensor, Tensor]]:
    """What a training loop without any loader would do: shuffle once, index tensors."""
    order = torch.randperm(len(dataset))[: contest.rows]
    letters = torch.cat([torch.eye(words.CHARACTERS), torch.zeros(1, words.CHARACTERS)])
    for start in range(0, contest.rows, contest.batch_size):
        rows = order[start : start + contest.batch_size]
        x, label = dataset._stored[rows], dataset.y[rows]
        if contest.dataset_name == "digits":
            x = x.float() / 255
        if contest.dataset_name == "words":
            x = letters[x]
        yield x, label


def loaded_batches(contest: Contest, dataset: Dataset[dict[str, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """What students write."""
    batches = -(-contest.rows // contest.batch_size)
    for number, batch in enumerate(DataLoader(dataset, batch_size=contest.batch_size, shuffle=True)):
        if number == batches:
            return
        yield batch["x"], batch["label"]


def training_step(contest: Contest) -> Step:
    """One update of the question's model, as the reference makes it."""
    if contest.question == "q1":

        def update(x: Tensor, label: Tensor) -> None:
            with torch.no_grad():
                if contest.model.get_prediction(x) != label.item():
                    contest.model.get_weights().add_(label * x)

        return update
    optimizer = torch.optim.Adam(contest.model.parameters())

    def descend(x: Tensor, label: Tensor) -> None:
        optimizer.zero_grad()
        if contest.question == "q2":
            loss = mse_loss(contest.model(x), label)
        else:
            loss = cross_entropy(contest.model(x.movedim(1, 0) if contest.question == "q4" else x), label)
        loss.backward()
        optimizer.step()

    return descend


def medians(repeats: int, *contestants: Callable[[], object]) -> list[float]:
    """Seconds each contestant takes, the median over repeats in which they take turns; one warm-up round."""
    seconds: list[list[float]] = [[] for _ in contestants]
    for repeat in range(repeats + 1):
        for times, contestant in zip(seconds, contestants, strict=True):
            started = time.perf_counter()
            contestant()
            if repeat:
                times.append(time.perf_counter() - started)
    return [statistics.median(times) for times in seconds]


def run(contest: Contest, batches: Batches, step: Step) -> None:
    """Go over the data several times, taking a step on each batch."""
    for _ in range(contest.passes):
        for x, label in batches():
            step(x, label)


def nothing(x: Tensor, label: Tensor) -> None:
    """A step that leaves only the cost of fetching."""


def bench_loaders(repeats: int, library: data.Library) -> bool:
    """(a) the loader's training loop against a bare one; (b) fetching against fetching item by item."""
    all_met = True
    print("(a) training loop with DataLoader / bare tensor loop     (b) item-by-item fetching / ours")
    for contest in contests():
        dataset = contest.dataset(None, data.training_arrays(library.load(contest.dataset_name)))
        items = ItemByItem(dataset, contest.dataset_name)
        step = training_step(contest)
        by_loader, by_item = partial(loaded_batches, contest, dataset), partial(loaded_batches, contest, items)
        by_hand = partial(bare_batches, contest, dataset)
        ours, bare = medians(repeats, partial(run, contest, by_loader, step), partial(run, contest, by_hand, step))
        ours_fetching, item_fetching = medians(
            repeats, partial(run, contest, by_loader, nothing), partial(run, contest, by_item, nothing)
        )
        ratio, speedup = ours / bare, item_fetching / ours_fetching
        goal = f"goal >= {contest.least_speedup:g}" if contest.least_speedup else ""
        print(
            f"    {contest.question}, batches of {contest.batch_size:<3}  {ratio:5.2f}  "
            f"(goal <= {contest.worst_ratio:g})".ljust(24)
            + f"{speedup:18.1f}  {goal}"
        )
        all_met &= ratio <= contest.worst_ratio and speedup >= (contest.least_speedup or 0)
    return all_met


def bench_validation(repeats: int, library: data.Library) -> bool:
    """(c) get_validation_accuracy against a bare forward pass over the same tensors."""
    all_met = True
    print("(c) get_validation_accuracy() / bare forward pass")
    for contest in contests():
        if contest.question not in ("q3", "q4"):
            continue
        arrays = data.training_arrays(library.load(contest.dataset_name))
        dataset = contest.dataset(contest.model, arrays)

        def bare(c: Contest = contest, tensors: list[tuple[Tensor, Tensor]] = dataset.validation) -> float:
            with torch.no_grad():
                return sum((c.model(x).argmax(dim=1) == y).sum().item() for x, y in tensors)

        ours, forward = medians(4 * repeats, dataset.get_validation_accuracy, bare)
        print(f"    {contest.question}                  {ours / forward:5.2f}  (goal <= 1.15)")
        all_met &= ours / forward <= 1.15
    return all_met


def bench_loading(repeats: int) -> bool:
    """(d) reading and validating each file."""
    print("(d) seconds to load and validate a file")
    files = {
        name: data.BUILT_IN_DIRECTORY / f"{file}.npz" for name, file in (("digits", "digits"), ("words", "lang_id"))
    }
    all_met = True
    for name, path in files.items():
        (seconds,) = medians(repeats, partial(_load_anew, name))
        goal = "  (goal < 0.5)" if name == "digits" else ""
        print(f"    {path.name:<20}{seconds:6.3f}{goal}  {path.stat().st_size / 2**20:.2f} MiB")
        all_met &= not goal or seconds < 0.5
    return all_met


def _load_anew(name: str) -> None:
    data.Library().load(name)


def bench_generator(repeats: int) -> bool:
    """(e) the digit generator's images per second."""
    (seconds,) = medians(repeats, lambda: generate(GENERATED_IMAGES, seed=1))
    rate = GENERATED_IMAGES / seconds
    print(f"(e) the generator draws {rate:,.0f} images/s on one core  (goal >= 10,000)")
    return rate >= 10_000


def main(argv: list[str] | None = None) -> int:
    """Run every bench; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repeats of each measurement (default 5)")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    library = data.Library()
    met = [
        bench_loaders(arguments.repeats, library),
        bench_validation(arguments.repeats, library),
        bench_loading(arguments.repeats),
        bench_generator(arguments.repeats),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    ending.run(main)
