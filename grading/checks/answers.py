"""What comes back from the student's process: it is looked at before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from grading.outcomes import Progress, StudentCrashed

MAX_NAME = 40  # letters of a class
NAME_OF_PARAMETER = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
MAX_LOSSES = 100  # of a training's course
MAX_NUMBERS = 100_000  # that a layer received; `grading.child.layers` sends no more


class Named(dict[str, Any]):
    """What a probe gave, by name."""

    def __missing__(self, name: str) -> Any:
        raise StudentCrashed(f"the student process sent a malformed answer: {name} is missing")


@dataclass(frozen=True)
class Gradients:
    """What `Student.gradients` and `Model.gradients` find.

    Attributes:
        output: what the call returned.
        differentiable: whether a graph leads from the output back to the inputs or parameters.
        inputs: the gradient with respect to each argument, or None.
        parameters: the gradient with respect to each of the model's parameters, or None.
    """

    output: Any
    differentiable: bool
    inputs: list[np.ndarray | None]
    parameters: dict[str, np.ndarray | None]


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer while a model was called.

    Attributes:
        name: of the layer in the model, such as `hidden` or `layers.0`.
        kind: its class.
        has_weights: whether the layer has parameters.
        shape: of what the layer received.
        inputs: what the layer received, float64; None if that is too large or no array of numbers.
    """

    name: str
    kind: str
    has_weights: bool
    shape: tuple[int, ...]
    inputs: np.ndarray | None


@dataclass(frozen=True)
class Layers:
    """What the student's process says of the layers in one call of a model: for messages only.

    Attributes:
        calls: in order; the first few dozen.
        counts: calls by the name of the layer; 0 for a layer that was not called.
        held: shapes of tensors that the model has beside its layers, by name.
        is_whole: whether the call of the model ended without an exception.
    """

    calls: tuple[LayerCall, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    is_whole: bool = True

    @property
    def with_weights(self) -> list[LayerCall]:
        """The calls of layers that have parameters: activations and the like are left out."""
        return [call for call in self.calls if call.has_weights]

    @property
    def first(self) -> LayerCall | None:
        """The first call of a layer with parameters; None if there is none."""
        return next(iter(self.with_weights), None)


@dataclass(frozen=True)
class Training:
    """What the student's process says about a training run: for messages only, no points depend on it.

    Everything is 0 or None where it does not say; see `grading.child.watch.training_stats`, where it comes from.

    Attributes:
        changed: whether any parameter of the model moved.
        finite: whether all parameters are finite afterwards.
        stopped: whether it was ended: it had fetched as many examples as it was allowed, or it was hopeless.
        examples: size of the training split.
        fetched, distinct: examples handed out in batches, and how many different ones.
        steps, own_steps: optimizer steps, and those by an optimizer that holds a parameter of the model.
        backwards, arrivals: backward passes, and those that brought a gradient to the model.
        resumed, stale: arrivals after the first step, and those that met gradients from before the latest step.
        writes: how often a parameter was written to in place, as far as torch counts it.
        batches: how often examples were handed out.
        largest_batch: how many examples at most at once.
        moves: batches of the latest pass, if each holds one example, after which a parameter had been written to in
            place.
        last_moved: whether the last of these batches did so.
        most_writes: to parameters in one of these batches.
        made: parameters that any module got while training ran.
        optimizers, optimizer: how many took a step, and the class of the newest one.
        learning_rates: of the first and of the latest step, or empty.
        slow_from: the step at which the learning rate was first below 1% of the first one; 0 if never.
        weight_decay: of the latest step.
        unmoved: names of the parameters that ended as they began, the first twenty.
        reordered: calls with the numbers of a batch in an order that no exchange of dimensions gives.
        foreign: tensors with gradients in the first loss that neither the model nor the optimizer has.
        moved: how far the parameters moved, as a share of their size at first.
        losses: means over equally long stretches of training, in order; NaN and infinity may be among them.
        first_loss, latest_loss, lowest_loss: of single backward passes.
        batch_range, input_range: smallest and largest number in the first batches, and in what the model was called
            with then; or empty.
    """

    changed: bool | None = None
    finite: bool | None = None
    stopped: bool = False
    examples: int = 0
    fetched: int = 0
    distinct: int = 0
    steps: int = 0
    own_steps: int = 0
    backwards: int = 0
    arrivals: int = 0
    resumed: int = 0
    stale: int = 0
    writes: int = 0
    batches: int = 0
    largest_batch: int = 0
    moves: int = 0
    last_moved: bool = False
    most_writes: int = 0
    made: int = 0
    optimizers: int = 0
    optimizer: str = ""
    learning_rates: tuple[float, ...] = ()
    slow_from: int = 0
    weight_decay: float = 0.0
    unmoved: tuple[str, ...] = ()
    reordered: int = 0
    foreign: int = 0
    moved: float | None = None
    losses: tuple[float, ...] = ()
    first_loss: float | None = None
    latest_loss: float | None = None
    lowest_loss: float | None = None
    batch_range: tuple[float, ...] = ()
    input_range: tuple[float, ...] = ()

    @property
    def epochs(self) -> float:
        """Passes over the training split; 0 if batches came from elsewhere."""
        return self.fetched / max(self.examples, 1)


def of_type(value: Any, kind: type[Any]) -> Any:
    """Our own code in the student process answers in known types; anything else means that it was tampered with."""
    if not isinstance(value, kind):
        raise StudentCrashed("the student process sent a malformed answer")
    return value


def how_far(latest: Progress, examples: int, seconds: float) -> str:
    """How far training had come, by its latest report, and what an example costs."""
    epochs = latest.get("epochs")
    if not isinstance(epochs, (int, float)) or not epochs > 0:
        return "Training had not asked for an example yet."
    accuracy = latest.get("validation_accuracy")
    validated = f" Validation accuracy was {accuracy:.1%}." if isinstance(accuracy, (int, float)) else ""
    each = _plain(seconds / (epochs * examples), 2)
    return (
        f"Training had gone over the {examples} examples {_plain(epochs, 3)} times: {each} seconds for each.{validated}"
    )


def _plain(number: float, digits: int) -> str:
    """A number with so many significant digits and without an exponent: 1390, 2.41, 0.000056."""
    return np.format_float_positional(number, digits, unique=False, fractional=False, trim="-")


def strings(value: Any) -> list[str]:
    """The texts of a list; nothing if it is none, since no points depend on it."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def arrays(value: Any) -> dict[str, Any]:
    """Arrays by name."""
    return {name: of_type(array, np.ndarray) for name, array in of_type(value, dict).items()}


def gradients(value: Any, arguments: int) -> Gradients:
    """The answer to a request for gradients of a call with so many arguments."""
    found = of_type(value, dict)
    inputs, parameters = of_type(found.get("inputs"), list), of_type(found.get("parameters"), dict)
    if len(inputs) != arguments:
        raise StudentCrashed("the student process sent a malformed answer")
    for gradient in [*inputs, *parameters.values()]:
        of_type(gradient, (np.ndarray, type(None)))  # type: ignore[arg-type]
    return Gradients(found.get("output"), found.get("differentiable") is True, inputs, parameters)


def training(value: Any) -> Training:
    """The statistics that fit; what does not is left out, since nothing depends on it."""
    told = value if isinstance(value, dict) else {}
    fitting: dict[str, Any] = {
        one.name: tuple(told[one.name]) if type(told[one.name]) is list else told[one.name]
        for one in fields(Training)
        if one.name in told and _fits(str(one.type), told[one.name])
    }
    return Training(**fitting)


def layers(value: Any) -> Layers:
    """What fits of the answer about layers; what does not is left out, since nothing depends on it."""
    told = value if isinstance(value, dict) else {}
    calls = [
        LayerCall(
            call["name"],
            call["kind"],
            call.get("has_weights") is True,
            tuple(call["shape"]),
            _numbers(call.get("inputs"), call["shape"]),
        )
        for call in told.get("calls", ())
        if isinstance(call, dict) and _is_name(call.get("name")) and _is_name(call.get("kind")) and _is_shape(call)
    ]
    counts, held = (_by_name(told.get(name)) for name in ("counts", "held"))
    return Layers(
        tuple(calls),
        {name: count for name, count in counts.items() if type(count) is int},
        {name: tuple(shape) for name, shape in held.items() if _is_shape({"shape": shape})},
        told.get("error") == "",
    )


def _by_name(value: Any) -> dict[str, Any]:
    return {name: item for name, item in value.items() if _is_name(name)} if isinstance(value, dict) else {}


def _is_name(value: Any) -> bool:
    return type(value) is str and len(value) <= MAX_NAME and bool(NAME_OF_PARAMETER.fullmatch(value))


def _is_shape(call: Mapping[str, Any]) -> bool:
    shape = call.get("shape")
    return type(shape) is list and all(type(size) is int and size >= 0 for size in shape)


def _numbers(value: Any, shape: list[int]) -> np.ndarray | None:
    if not isinstance(value, np.ndarray) or list(value.shape) != shape or value.dtype.kind not in "fiub":
        return None
    if value.size > MAX_NUMBERS:
        return None
    return value.astype(np.float64)


def _fits(form: str, value: Any) -> bool:
    """Whether a value has the type of a field of Training."""
    if form.startswith("bool"):
        return type(value) is bool
    if form == "int":
        return type(value) is int
    if form in ("float", "float | None"):
        return type(value) is float
    if form == "str":
        return type(value) is str and value.isidentifier() and len(value) <= MAX_NAME
    if type(value) is not list or len(value) > MAX_LOSSES:
        return False
    if form.startswith("tuple[str"):
        return all(map(_is_name, value))
    return all(type(one) is float for one in value)
