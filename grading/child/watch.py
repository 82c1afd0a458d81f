"""Watches training from outside: the dataset stays inert, the numbers that come out of training stay the same."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from backend import CourseDataset
from grading.child import first_values, recorders

SECONDS_BETWEEN_REPORTS = 0.1
SHARE_FOR_VALIDATION = 0.05  # of the time of training
UPDATES_BEFORE_A_LOOK = 100  # or batches; a rate that warms up from 0 has long moved the weights then
PASSES_BEFORE_A_LOOK = 3
MAX_NAMES = 20  # of parameters that did not move
UPDATES_WITHOUT_EXAMPLES = 1000  # so many are enough for a look where few examples are asked for


class Enough(BaseException):
    """Ends a training function that cannot end well by itself; no `except Exception` stops it."""


@contextmanager
def progress(dataset: CourseDataset, emit: Callable[[dict[str, Any]], None], validates: bool = False) -> Iterator[None]:
    """Report epochs over the data and the latest validation accuracy while the block runs.

    The two methods that training calls are shadowed by attributes of this one dataset object; both pass their
    results through unchanged and draw no random numbers. With `validates`, the accuracy is also asked for from here,
    at the beginning, at the end, and in between for a small share of the time.
    """
    rows_fetched, latest_accuracy, last_report, next_validation = 0, None, 0.0, 0.0
    is_accuracy_told = True
    owner = os.getpid(), threading.get_ident()
    fetch, validate = dataset.__getitems__, dataset.get_validation_accuracy

    def report(at_once: bool = False) -> None:
        nonlocal last_report, is_accuracy_told
        now = time.monotonic()
        if at_once or now - last_report >= SECONDS_BETWEEN_REPORTS:
            last_report, is_accuracy_told = now, True
            emit({"epochs": rows_fetched / len(dataset), "validation_accuracy": latest_accuracy})

    def validate_now() -> None:
        nonlocal latest_accuracy, is_accuracy_told, next_validation, validates
        started = time.monotonic()
        try:
            latest_accuracy, is_accuracy_told = validate(), False
        except Exception:  # no validation split, or a model that cannot be read: not what training stumbled over
            validates = False
        finished = time.monotonic()
        next_validation = finished + max((finished - started) / SHARE_FOR_VALIDATION, SECONDS_BETWEEN_REPORTS)

    def counted_fetch(indices: list[int]) -> Any:
        nonlocal rows_fetched
        # a loader's worker process, or another thread, has another copy of the model or none of its own
        if validates and time.monotonic() >= next_validation and (os.getpid(), threading.get_ident()) == owner:
            validate_now()
            report()
        rows_fetched += len(indices)
        report()
        return fetch(indices)

    def noted_validation() -> float:
        nonlocal latest_accuracy, is_accuracy_told
        latest_accuracy, is_accuracy_told = validate(), False
        report()
        return latest_accuracy

    with _shadowed(dataset, {"__getitems__": counted_fetch, "get_validation_accuracy": noted_validation}):
        yield
    if validates and rows_fetched:
        validate_now()
    if not is_accuracy_told:
        report(at_once=True)


@contextmanager
def losses(emit: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Report updates so far and the mean loss since the report before while the block runs.

    A loss is whatever single number a backward pass starts from; the pass itself is left as it is.
    """
    updates, total, count, last_report = 0, 0.0, 0, 0.0
    backward = torch.autograd.backward

    def report() -> None:
        nonlocal total, count
        emit({"updates": updates, "loss": total / count})
        total, count = 0.0, 0

    def noted_backward(*args: Any, **keywords: Any) -> None:
        nonlocal updates, total, count, last_report
        loss = args[0] if args else keywords.get("tensors")
        if isinstance(loss, torch.Tensor) and loss.numel() == 1:
            updates, total, count = updates + 1, total + loss.item(), count + 1
            now = time.monotonic()
            if now - last_report >= SECONDS_BETWEEN_REPORTS:
                last_report = now
                report()
        backward(*args, **keywords)

    torch.autograd.backward = noted_backward
    try:
        yield
    finally:
        torch.autograd.backward = backward
    if count:
        report()


@contextmanager
def training_stats(model: Any, dataset: CourseDataset, max_fetched: int | None = None) -> Iterator[dict[str, Any]]:
    """Gather what tells one training mistake from another while the block runs; end it if it cannot end well.

    Gives a dictionary that is complete once the block has ended:
        stopped: whether it was ended: `max_fetched` examples had been handed out and it asked for more, or it was
            hopeless: after some passes, every weight was as at the start, or one was NaN or infinite.
        changed, finite: whether any of the model's parameters moved, and whether all are finite. Parameters that the
            model got while training ran, such as those of a new head, begin with the values that they were made with.
        examples, fetched, distinct: of the training split, in all and different ones handed out by `__getitems__`.
        steps, own_steps: optimizer steps, and those of an optimizer that holds a parameter of this model.
        backwards, arrivals: backward passes, and those that brought a gradient to a parameter of this model.
        writes: how often a parameter of this model was written to in place, as far as torch counts it.
        resumed, stale: arrivals after the first step, and those that met gradients from before the latest step.
        batches, largest_batch: how often `__getitems__` handed out examples, and how many at most at once.
        made: parameters that any module got while training ran.
        unmoved: names of the parameters that ended as they began.
        moved: how far the model's parameters moved, as a share of their size at first; None if that is no number.
        what `recorders.LossCourse`, `Steps`, `Moves`, `Inputs` and `Graph` tell.

    Watchers look on: they change no number, draw none, and are gone when the block ends. They see one parameter's
    gradient, the smallest one's, as forgetting to reset concerns all alike.
    """
    found: dict[str, Any] = dict.fromkeys(
        ("fetched", "batches", "largest_batch", "steps", "own_steps", "backwards", "arrivals", "made"), 0
    )
    found |= {"examples": len(dataset), "resumed": 0, "stale": 0, "stopped": False}
    parameters = _parameters(model)
    values, seen_made = first_values.FirstValues(lambda: _parameters(model)), 0
    versions = [parameter._version for parameter in parameters]
    own = {id(parameter) for parameter in parameters}
    seen = np.zeros(len(dataset), dtype=bool)
    fetch, backward = dataset.__getitems__, torch.autograd.backward
    latest_arrival, steps_at_arrival, next_look = -1, 0, UPDATES_BEFORE_A_LOOK
    course, steps, inputs = recorders.LossCourse(), recorders.Steps(), recorders.Inputs(model)
    moves = recorders.Moves(parameters, len(dataset))
    graph = recorders.Graph(lambda: _parameters(model))

    def note_parameter() -> None:
        found["made"] += 1

    def look_at_new_parameters() -> None:
        nonlocal seen_made
        if found["made"] != seen_made:
            seen_made = found["made"]
            values.look()

    def end_if_hopeless() -> None:
        nonlocal next_look
        if max(found["batches"], found["backwards"]) < next_look:
            return
        next_look *= 2
        has_seen_enough = found["fetched"] >= PASSES_BEFORE_A_LOOK * len(dataset)
        if (has_seen_enough or found["backwards"] >= UPDATES_WITHOUT_EXAMPLES) and is_hopeless():
            end()

    def is_hopeless() -> bool:
        pairs = values.pairs()
        is_own = pairs and found["steps"] == found["own_steps"]  # else weights outside of the model may learn
        is_still = is_own and all(_equal(old, new) for old, new in pairs)
        return is_still or not all(bool(torch.isfinite(parameter).all()) for _, parameter in pairs)

    def end() -> None:
        found["stopped"] = True
        raise Enough

    def noted_fetch(indices: list[int]) -> Any:
        if max_fetched is not None and found["fetched"] >= max_fetched:
            end()
        look_at_new_parameters()
        end_if_hopeless()
        if found["batches"]:
            moves.batch_ended()
        batch = fetch(indices)
        found["fetched"] += len(indices)
        found["batches"] += 1
        found["largest_batch"] = max(found["largest_batch"], len(indices))
        seen[indices] = True
        inputs.batch(getattr(batch, "columns", {}))
        return batch

    def noted_backward(*args: Any, **keywords: Any) -> None:
        look_at_new_parameters()
        end_if_hopeless()
        found["backwards"] += 1
        loss = args[0] if args else keywords.get("tensors")
        course.add(loss)
        graph.add(loss)
        backward(*args, **keywords)
        if latest_arrival != found["backwards"]:  # or it arrived at parameters that a move to a device has made
            moved = (parameter for parameter in _parameters(model) if id(parameter) not in own)
            found["arrivals"] += any(parameter.grad is not None for parameter in moved)

    def after_step(optimizer: torch.optim.Optimizer, args: Any, keywords: Any) -> None:
        found["steps"] += 1
        steps.add(optimizer)
        graph.step(optimizer)
        held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        found["own_steps"] += not own.isdisjoint(held) or not held.isdisjoint(map(id, _parameters(model)))

    def on_gradient(gradient: torch.Tensor) -> None:
        nonlocal latest_arrival
        if latest_arrival != found["backwards"]:
            latest_arrival = found["backwards"]
            found["arrivals"] += 1

    def before_accumulation(gradient: torch.Tensor) -> None:
        nonlocal steps_at_arrival
        if found["steps"]:
            is_stale = smallest.grad is not None and bool(smallest.grad.any())
            found["resumed"] += 1
            found["stale"] += is_stale and found["steps"] > steps_at_arrival
        steps_at_arrival = found["steps"]

    trained = [parameter for parameter in parameters if parameter.requires_grad]
    handles = [parameter.register_hook(on_gradient) for parameter in trained]
    if trained:
        smallest = min(trained, key=lambda parameter: parameter.numel())
        handles.append(smallest.register_hook(before_accumulation))
    handles.append(register_optimizer_step_post_hook(after_step))
    torch.autograd.backward = noted_backward
    try:
        with (
            _shadowed(dataset, {"__getitems__": noted_fetch}),
            inputs.watching(),
            recorders.made_parameters(note_parameter),
        ):
            yield found
    except Enough:
        pass
    finally:
        torch.autograd.backward = backward
        for handle in handles:
            handle.remove()
        found["distinct"] = int(seen.sum())
        found["writes"] = sum(parameter._version for parameter in parameters) - sum(versions)
        pairs = values.pairs()
        still = [new for old, new in pairs if _equal(old, new)]
        found["changed"] = len(still) < len(pairs)
        found["unmoved"] = _names(model, still[:MAX_NAMES])
        found["finite"] = all(bool(torch.isfinite(parameter).all()) for _, parameter in pairs)
        found["moved"] = first_values.movement([(old, new) for old, new in pairs if old is not None])
        if found["batches"]:
            moves.batch_ended()
        for recorder in (course, steps, moves, inputs, graph):
            found |= recorder.told()


def _parameters(model: Any) -> list[torch.nn.Parameter]:
    return list(model.parameters()) if isinstance(model, torch.nn.Module) else []


def _names(model: Any, parameters: list[torch.nn.Parameter]) -> list[str]:
    """What a model calls its parameters; "" for one that it no longer has."""
    names = {id(parameter): name for name, parameter in model.named_parameters()} if parameters else {}
    return [names.get(id(parameter), "") for parameter in parameters]


def _equal(one: torch.Tensor | None, other: torch.Tensor) -> bool:
    """Whether a tensor in main memory, if there is one, equals another one, wherever that lies."""
    return one is not None and one.dtype == other.dtype and torch.equal(one, other.detach().cpu())


@contextmanager
def _shadowed(dataset: CourseDataset, shadows: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """Put attributes of one dataset object before its methods; what was there before returns afterwards."""
    earlier = {name: vars(dataset)[name] for name in shadows if name in vars(dataset)}
    vars(dataset).update(shadows)
    try:
        yield
    finally:
        for name in shadows:
            vars(dataset).pop(name, None)
        vars(dataset).update(earlier)
