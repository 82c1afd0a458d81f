"""What the grader runs in the student's process: gradients of penalties, early stopping, and searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from test_cases.e3.public.dataset import MislabelledDigits

NAMES = ("rate", "l2")  # of the hyperparameters that are searched
MAX_LOGGED_CALLS = 10_000


def dropped(dropout: Callable[..., Any], x: Tensor, probability: float, is_training: bool) -> dict[str, Any]:
    """Two calls of `dropout`.

    Returns:
        `outputs`, of both calls; `gradient`, of the sum of the first output with respect to x, or None; `changed`,
        whether x was changed in place.
    """
    before, wanted = x.clone(), x.clone().requires_grad_()
    first = dropout(wanted * 1, probability, is_training)
    second = dropout(x, probability, is_training)
    return {"outputs": [first, second], "gradient": _gradient(first, wanted), "changed": not torch.equal(x, before)}


def penalised(penalty: Callable[..., Any], weights: list[Tensor], strength: float) -> dict[str, Any]:
    """The penalty, as `value`, and its `gradients` with respect to the weights, each a tensor or None."""
    wanted = [weight.clone().requires_grad_() for weight in weights]
    value = penalty(wanted, strength)
    return {"value": value, "gradients": [_gradient(value, weight) for weight in wanted]}


def normalised(
    batch_norm: Callable[..., Any], x: Tensor, vectors: list[Tensor], is_training: bool, momentum: float, slope: Tensor
) -> dict[str, Any]:
    """One call of `batch_norm`.

    Args:
        batch_norm: the student's.
        x: (rows, columns).
        vectors: gain, shift, running mean and running variance, (columns,) each.
        is_training, momentum: as `batch_norm` takes them.
        slope: of a loss with respect to the output, (rows, columns).
    Returns:
        `answer`: what came. `gradient`: of the loss with respect to x, or None. `carries`: whether the running
        statistics carry a gradient. `changed`: whether an argument was changed in place.
    """
    wanted, given = x.clone().requires_grad_(), [vector.clone() for vector in vectors]
    answer = batch_norm(wanted * 1, *given, is_training, momentum=momentum)
    changed = not all(torch.equal(one, other) for one, other in zip(given, vectors, strict=True))
    parts = list(answer) if isinstance(answer, (tuple, list)) else [answer]
    output = parts[0] if parts else None
    return {
        "answer": answer,
        "gradient": _gradient(_weighed(output, slope), wanted),
        "carries": any(isinstance(part, Tensor) and part.requires_grad for part in parts[1:]),
        "changed": changed,
    }


class Numbered(torch.nn.Module):
    """A model whose parameter and buffer all hold one number: that of the epoch."""

    running: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2, 3))
        self.register_buffer("running", torch.zeros(3))

    @torch.no_grad()
    def become(self, number: float) -> None:
        """Change both in place, as an optimizer does."""
        self.weight.fill_(number)
        self.running.fill_(number)

    def numbers(self) -> list[float]:
        """The number of the parameter and that of the buffer; NaN where the entries differ."""
        held = (self.weight.detach(), self.running)
        return [float(tensor.flatten()[0]) if len(tensor.unique()) == 1 else float("nan") for tensor in held]


def stopped(early_stopping: Callable[..., Any], runs: list[Tensor], patiences: list[int]) -> list[dict[str, Any]]:
    """Trainings that take turns, epoch by epoch, each with an `EarlyStopping` and a model of its own.

    Args:
        early_stopping: the student's class.
        runs: the losses of each, (epochs,).
        patiences: of each.
    Returns:
        for each: `answers`, what `update` returned up to the first true one; `restored`, the numbers that the model
        holds after `restore`; `again`, those after it has changed and was restored once more.
    """
    stoppings = [early_stopping(patience) for patience in patiences]
    models = [Numbered() for _ in runs]
    answers: list[list[Any]] = [[] for _ in runs]
    is_over = [False] * len(runs)
    for epoch in range(max(map(len, runs))):
        for number, losses in enumerate(runs):
            if is_over[number] or epoch >= len(losses):
                continue
            models[number].become(epoch)
            answer = stoppings[number].update(float(losses[epoch]), models[number])
            answers[number].append(answer)
            is_over[number] = answer is True
    found = []
    for stopping, model, given in zip(stoppings, models, answers, strict=True):
        numbers = []
        for change in (-1.0, -2.0):
            model.become(change)
            stopping.restore(model)
            numbers.append(model.numbers())
        found.append({"answers": given, "restored": numbers[0], "again": numbers[1]})
    return found


def searched(
    random_search: Callable[..., Any], lows: list[float], highs: list[float], trials: int, has_nan: bool = True
) -> dict[str, Any]:
    """A search over a function whose smallest loss lies within the ranges.

    Args:
        random_search: the student's.
        lows, highs: the ranges, in the order of `NAMES`.
        trials: of the search.
        has_nan: whether the loss is NaN for a part of the ranges.

    Returns:
        `calls`: the settings that were tried, float64 (calls, 2). `losses`: of each, (calls,). `best` and `trials`:
        what `random_search` gave, the settings as lists in the order of `NAMES`. Instead of all that, `odd`: what the
        objective was called with where that was no dictionary with these names; `odd_answer`: what `random_search`
        gave where that was not two things.
    """
    calls: list[list[float]] = []
    losses: list[float] = []
    odd: list[Any] = []

    def objective(settings: Any) -> float:
        values = _values(settings)
        if values is None or len(calls) >= MAX_LOGGED_CALLS:
            odd.append(settings if values is None else None)
            return 0.0
        shares = [
            float(torch.log(torch.tensor(value / low)) / torch.log(torch.tensor(high / low)))
            for value, low, high in zip(values, lows, highs, strict=True)
        ]
        calls.append(values)
        loss = (shares[0] - 0.5) ** 2 + 0.1 * (shares[1] - 0.3) ** 2
        losses.append(float("nan") if has_nan and shares[0] > 0.75 else loss)
        return losses[-1]

    answer = random_search(objective, _ranges(lows, highs), trials)
    if odd:
        return {"odd": odd[0]}
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return {"odd_answer": answer}
    best, tried = answer
    if isinstance(tried, Iterable) and not isinstance(tried, (str, dict)):
        tried = [_pair(item) for item in tried]
    told = torch.tensor(tried, dtype=torch.float64) if isinstance(tried, list) and all(tried) else tried
    return {
        "calls": torch.tensor(calls, dtype=torch.float64).reshape(-1, len(NAMES)),
        "losses": torch.tensor(losses, dtype=torch.float64),
        "best": _values(best) or best,
        "trials": told,
    }


def weights(model: Any) -> dict[str, Any]:
    """The tensors of a model by name, running statistics included."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


class CountedDigits(MislabelledDigits):
    """Digits that note both losses before training, and whenever training has seen all images once more.

    Args:
        model, arrays: as those of `MislabelledDigits`.
        note: gets training and validation loss.
    """

    def __init__(self, model: torch.nn.Module, arrays: dict[str, Any], note: Callable[[float, float], None]) -> None:
        super().__init__(model, arrays)
        self._note, self._fetched = note, 0
        self._note(self.get_training_loss(), super().get_validation_loss())

    def get_validation_loss(self) -> float:
        """As ever; at the end of an epoch, both losses are noted."""
        validation = super().get_validation_loss()
        if self._fetched >= len(self):
            self._fetched = 0
            self._note(self.get_training_loss(), validation)
        return validation

    def __getitems__(self, indices: list[int]) -> Any:
        if self._fetched >= len(self):  # nobody has asked for the loss of the epoch that is over
            self.get_validation_loss()
        self._fetched += len(indices)
        return super().__getitems__(indices)


def search(
    random_search: Callable[..., Any],
    train: Callable[..., Any],
    classifier: Callable[..., Any],
    train_x: Tensor,
    train_y: Tensor,
    validation_x: Tensor,
    validation_y: Tensor,
    lows: list[float],
    highs: list[float],
    trials: int,
    watch: Callable[..., AbstractContextManager[Callable[..., None]]] | None = None,
) -> dict[str, Any]:
    """A search over real trainings: each trial trains a new classifier and returns its validation loss.

    Args:
        random_search, train, classifier: the student's.
        train_x, train_y, validation_x, validation_y: see `data.py`.
        lows, highs: of the ranges, in the order of `NAMES`.
        trials: how many.
        watch: is told of each epoch: both losses; and of the end of each trial: its settings and validation loss.
    Returns:
        `calls`: settings, float64 (trials, 2). `losses`: validation loss of the net that each left, (trials,).
        `courses`: training and validation loss of each, before training and after each epoch, (epochs + 1, 2).
        `chosen`: the number of the trial whose settings are the best by `random_search`, -1 if there is none.
        `weights`: of the net of that trial.
    """
    arrays = {"train_x": train_x, "train_y": train_y, "validation_x": validation_x, "validation_y": validation_y}
    held = {name: tensor.numpy() for name, tensor in arrays.items()}
    calls: list[list[float]] = []
    losses: list[float] = []
    courses: list[list[list[float]]] = []
    nets: list[dict[str, Any]] = []
    with watch(torch.nn.Module()) if watch else nullcontext(_ignore) as note:

        def objective(settings: Any) -> float:
            values = _values(settings)
            if values is None:
                raise TypeError(
                    f"objective was called with {settings!r}, not with a dictionary of {' and '.join(NAMES)}"
                )
            course: list[list[float]] = []

            def noted(training: float, validation: float) -> None:
                course.append([training, validation])
                note("epoch", training, validation)

            model = classifier()
            dataset = CountedDigits(model, held, noted)
            with torch.enable_grad():
                model.train()
                train(model, dataset, **dict(zip(NAMES, values, strict=True)))
            calls.append(values)
            losses.append(dataset.get_validation_loss())
            courses.append(course)
            nets.append(weights(model))
            note("trial", values, losses[-1])
            return losses[-1]

        answer = random_search(objective, _ranges(lows, highs), trials)
        best = _values(answer[0]) if isinstance(answer, (tuple, list)) and answer else None
        chosen = calls.index(best) if best in calls else -1
        note("chosen", chosen)
    return {
        "calls": torch.tensor(calls, dtype=torch.float64).reshape(-1, len(NAMES)),
        "losses": torch.tensor(losses, dtype=torch.float64),
        "courses": [torch.tensor(course, dtype=torch.float64) for course in courses],
        "chosen": chosen,
        "weights": nets[chosen] if chosen >= 0 else {},
    }


def _gradient(value: Any, wanted: Tensor) -> Tensor | None:
    """Of the sum of a tensor with respect to another; None if no graph leads there."""
    if not isinstance(value, Tensor) or not value.requires_grad:
        return None
    return torch.autograd.grad(value.sum(), wanted, allow_unused=True, retain_graph=True)[0]


def _weighed(output: Any, slope: Tensor) -> Tensor | None:
    return output * slope if isinstance(output, Tensor) and output.shape == slope.shape else None


def _ranges(lows: list[float], highs: list[float]) -> dict[str, tuple[float, float]]:
    return {name: (low, high) for name, low, high in zip(NAMES, lows, highs, strict=True)}


def _values(settings: Any) -> list[float] | None:
    """The values of settings in the order of `NAMES`; None if they are not what they should be."""
    if not isinstance(settings, dict) or set(settings) != set(NAMES):
        return None
    values = [settings[name] for name in NAMES]
    if not all(
        isinstance(value, (int, float)) or (isinstance(value, Tensor) and value.numel() == 1) for value in values
    ):
        return None
    return [float(value) for value in values]


def _pair(item: Any) -> list[float] | None:
    """Settings and loss of a trial in one row; None if it is something else."""
    if not isinstance(item, (tuple, list)) or len(item) != 2 or not isinstance(item[1], (int, float)):
        return None
    values = _values(item[0])
    return None if values is None else [*values, float(item[1])]


def _ignore(*told: Any) -> None:
    """Nobody is looking."""
