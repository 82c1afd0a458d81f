"""Training statistics: what tells one training mistake from another. `grading.child.watch` gathers them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from backend import CourseDataset
from grading.child import recorders
from grading.child.shadows import shadowed
from grading.child.weights import Moves, Weights, parameters_of

UPDATES_BEFORE_A_LOOK = 100  # or batches; a rate that warms up from 0 has long moved the weights then
PASSES_BEFORE_A_LOOK = 3
UPDATES_WITHOUT_EXAMPLES = 1000  # so many are enough for a look where few examples are asked for


class Enough(BaseException):
    """Ends a training function that cannot end well by itself; no `except Exception` stops it."""


@dataclass
class Counts:
    """What happened while a training function ran, in numbers.

    Attributes:
        examples: of the training split.
        fetched, batches, largest_batch: examples that `__getitems__` handed out, in how many batches, and how many
            at most at once.
        steps, own_steps: optimizer steps, and those of an optimizer that holds a parameter of this model.
        backwards, arrivals: backward passes, and those that brought a gradient to a parameter of this model.
        resumed, stale: arrivals after the first step, and those that met gradients from before the latest step.
        made: parameters that any module got.
        stopped: whether training was ended from here. It had got `max_fetched` examples and asked for more, or it was
            hopeless: after some passes, every weight was as at the start, or one was NaN or infinite.
    """

    examples: int
    fetched: int = 0
    batches: int = 0
    largest_batch: int = 0
    steps: int = 0
    own_steps: int = 0
    backwards: int = 0
    arrivals: int = 0
    resumed: int = 0
    stale: int = 0
    made: int = 0
    stopped: bool = False


class TrainingWatcher:
    """Sees the calls of one training and hands each to the recorders. It changes no number and draws none.

    Args:
        model: being trained.
        dataset: that the training function gets.
        max_fetched: examples, after which training is ended where it asks for another; None for no end.
    """

    def __init__(self, model: Any, dataset: CourseDataset, max_fetched: int | None) -> None:
        self._dataset, self._max_fetched = dataset, max_fetched
        self._fetch, self._backward = dataset.__getitems__, torch.autograd.backward
        self._counts = Counts(examples=len(dataset))
        self._was_fetched = np.zeros(len(dataset), dtype=bool)
        self._next_look = UPDATES_BEFORE_A_LOOK
        self._latest_arrival = -1  # the backward pass that brought the latest gradient, from 1
        self._steps_at_arrival = 0
        self._made_at_look = 0
        self._weights = Weights(model)
        self._moves = Moves(self._weights.parameters, len(dataset))
        self._course, self._steps, self._inputs = recorders.LossCourse(), recorders.Steps(), recorders.Inputs(model)
        self._graph = recorders.Graph(lambda: parameters_of(model))

    @contextmanager
    def attached(self) -> Iterator[None]:
        """See what is called while the block runs.

        Raises:
            Enough: training cannot end well.
        """
        with ExitStack() as stack:
            for handle in self._hooks():
                stack.callback(handle.remove)
            stack.enter_context(shadowed(torch.autograd, backward=self._see_backward))
            stack.enter_context(shadowed(self._dataset, __getitems__=self._see_fetch))
            stack.enter_context(self._inputs.watching())
            stack.enter_context(recorders.made_parameters(self._see_parameter))
            yield

    def told(self) -> dict[str, Any]:
        """All statistics by name, once training has ended.

        Returns:
            `Counts`; `distinct`, how many different examples were handed out; and what the recorders tell: `Weights`
            and `Moves` of `grading.child.weights`, `LossCourse`, `Steps`, `Inputs` and `Graph` of `recorders`.
        """
        if self._counts.batches:
            self._moves.batch_ended()
        told = asdict(self._counts) | {"distinct": int(self._was_fetched.sum())}
        for recorder in (self._weights, self._course, self._steps, self._moves, self._inputs, self._graph):
            told |= recorder.told()
        return told

    def _hooks(self) -> Iterator[Any]:
        """Hooks on gradients and steps. One parameter's old gradient is enough: forgetting to reset concerns all."""
        trained = [parameter for parameter in self._weights.parameters if parameter.requires_grad]
        for parameter in trained:
            yield parameter.register_hook(self._see_gradient)
        if trained:
            smallest = min(trained, key=lambda parameter: parameter.numel())
            yield smallest.register_hook(lambda gradient: self._see_arrival(smallest))
        yield register_optimizer_step_post_hook(lambda optimizer, args, keywords: self._see_step(optimizer))

    def _see_fetch(self, indices: list[int]) -> Any:
        counts = self._counts
        if self._max_fetched is not None and counts.fetched >= self._max_fetched:
            self._end()
        self._look_at_new_parameters()
        self._end_if_hopeless()
        if counts.batches:
            self._moves.batch_ended()
        batch = self._fetch(indices)
        counts.fetched += len(indices)
        counts.batches += 1
        counts.largest_batch = max(counts.largest_batch, len(indices))
        self._was_fetched[indices] = True
        self._inputs.batch(getattr(batch, "columns", {}))
        return batch

    def _see_backward(self, *args: Any, **keywords: Any) -> None:
        self._look_at_new_parameters()
        self._end_if_hopeless()
        self._counts.backwards += 1
        loss = started_from(args, keywords)
        self._course.add(loss)
        self._graph.add(loss)
        self._backward(*args, **keywords)
        if self._latest_arrival != self._counts.backwards:  # or it arrived at parameters without a hook
            self._counts.arrivals += any(parameter.grad is not None for parameter in self._weights.added())

    def _see_gradient(self, gradient: torch.Tensor) -> None:
        if self._latest_arrival != self._counts.backwards:
            self._latest_arrival = self._counts.backwards
            self._counts.arrivals += 1

    def _see_arrival(self, parameter: torch.nn.Parameter) -> None:
        """Look at the gradient that a parameter has before the next one is added to it."""
        counts = self._counts
        if counts.steps:
            is_stale = parameter.grad is not None and bool(parameter.grad.any())
            counts.resumed += 1
            counts.stale += is_stale and counts.steps > self._steps_at_arrival
        self._steps_at_arrival = counts.steps

    def _see_step(self, optimizer: torch.optim.Optimizer) -> None:
        self._counts.steps += 1
        self._steps.add(optimizer)
        self._graph.step(optimizer)
        self._counts.own_steps += self._weights.are_among(optimizer)

    def _see_parameter(self) -> None:
        self._counts.made += 1

    def _look_at_new_parameters(self) -> None:
        if self._counts.made != self._made_at_look:
            self._made_at_look = self._counts.made
            self._weights.look()

    def _end_if_hopeless(self) -> None:
        counts = self._counts
        if max(counts.batches, counts.backwards) < self._next_look:
            return
        self._next_look *= 2
        has_seen_enough = counts.fetched >= PASSES_BEFORE_A_LOOK * counts.examples
        if (has_seen_enough or counts.backwards >= UPDATES_WITHOUT_EXAMPLES) and self._is_hopeless():
            self._end()

    def _is_hopeless(self) -> bool:
        is_own = self._counts.steps == self._counts.own_steps  # else weights outside of the model may learn
        return (is_own and self._weights.are_still()) or not self._weights.are_finite()

    def _end(self) -> None:
        self._counts.stopped = True
        raise Enough


def started_from(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """What a call of `torch.autograd.backward` starts from: a loss, as a rule."""
    return args[0] if args else keywords.get("tensors")
