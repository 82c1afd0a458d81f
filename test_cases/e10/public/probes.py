"""What the grader runs in the student's process: losses, steps of small networks of its own, looks at trained ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module, Parameter

from test_cases.e10.public import snapshots
from test_cases.e10.public.settings import DRAWS_OF_WEIGHTS, STALE


def loss(function: Callable[..., Any], logits: list[Tensor]) -> dict[str, Any]:
    """A loss of logits that want gradients.

    Returns:
        `value`: what the function gave. `gradients`: of each argument, where the value is a tensor that has a graph.
        `changed`: whether an argument was changed in place.
    """
    given = [tensor.clone().requires_grad_() for tensor in logits]
    value = function(*given)
    changed = not all(torch.equal(one, other) for one, other in zip(given, logits, strict=True))
    gradients: list[Any] = []
    if isinstance(value, Tensor) and value.requires_grad:
        gradients = list(torch.autograd.grad(value.sum(), given, allow_unused=True))
    return {"value": value, "gradients": gradients, "changed": changed}


class Network(Module):
    """Two layers around a tanh, with a row of numbers for each class. It notes what it is called with.

    Args:
        inner: (inputs, hidden). outer: (hidden, outputs); a single output makes logits (batch,).
        rows: added to the hidden layer, one for each class, (classes, hidden).
    """

    def __init__(self, inner: Tensor, outer: Tensor, rows: Tensor) -> None:
        super().__init__()
        self.inner, self.outer, self.rows = Parameter(inner), Parameter(outer), Parameter(rows)
        self.calls: list[tuple[Tensor, tuple[Tensor, ...]]] = []

    def forward(self, x: Tensor, *labels: Tensor) -> Tensor:
        """What comes out, (batch, outputs) or (batch,)."""
        self.calls.append((x.detach().clone(), labels))
        sums = x @ self.inner + (self.rows[labels[0]] if labels else self.rows[0])
        found = sums.tanh() @ self.outer
        return found[:, 0] if self.outer.shape[1] == 1 else found


def steps(
    function: Callable[..., Any],
    generator: list[Tensor],
    discriminator: list[Tensor],
    real: Tensor,
    noise: Tensor,
    labels: Tensor | None,
    rate: float,
    is_generators: bool,
) -> dict[str, Any]:
    """Several steps of one of the two step functions, by plain gradient descent.

    Args:
        function: the student's.
        generator, discriminator: the weights of each `Network`, in its order.
        real: of each step, (steps, batch, size).
        noise: of each step, (steps, batch, noise_size).
        labels: of each step, int64 (steps, batch); None for networks without classes.
        rate: of gradient descent.
        is_generators: whether the function is `generator_step`, which gets no real samples.
    Returns:
        `weights`: of the network that learns, after each step. `losses`: what the function returned.
        `others_moved`: whether the other network's weights changed. `others_grew`: whether its `.grad` did.
        `frozen`: whether a parameter no longer wants gradients.
        `calls`: how often each network was called, generator first.
        `other_noise`, `other_labels`, `unseen`: whether the generator got other noise than was given, a network other
        labels, and whether the discriminator was never called on the real samples.
        `reached`: whether a gradient came to the network that learns.
    """
    networks = Network(*generator), Network(*discriminator)
    learner, other = networks if is_generators else networks[::-1]
    before = [parameter.detach().clone() for parameter in other.parameters()]
    optimizer = torch.optim.SGD(learner.parameters(), rate)
    weights, losses = [], []
    arrivals: list[Tensor] = []
    for parameter in learner.parameters():
        parameter.register_hook(arrivals.append)
    found: dict[str, Any] = dict.fromkeys(("others_grew", "other_noise", "other_labels", "unseen"), False)
    for step in range(len(noise)):
        for parameter in [*learner.parameters(), *other.parameters()]:
            parameter.grad = torch.full_like(parameter, STALE)
        for network in networks:
            network.calls.clear()
        given = (noise[step],) if is_generators else (real[step], noise[step])
        classes = () if labels is None else (labels[step],)
        losses.append(function(networks[1], networks[0], optimizer, *(each.clone() for each in given), *classes))
        weights.append([parameter.detach().clone() for parameter in learner.parameters()])
        found["others_grew"] |= any(
            parameter.grad is not None and bool(((parameter.grad != STALE) & (parameter.grad != 0)).any())
            for parameter in other.parameters()
        )
        found["other_noise"] |= any(not _same(x, noise[step]) for x, _ in networks[0].calls)
        called = [told for network in networks for _, told in network.calls]
        found["other_labels"] |= any(len(told) != len(classes) or not all(map(_same, told, classes)) for told in called)
        if not is_generators:
            found["unseen"] |= not any(_same(x, real[step]) for x, _ in networks[1].calls)
    return found | {
        "weights": weights,
        "losses": losses,
        "others_moved": not all(map(torch.equal, other.parameters(), before)),
        "frozen": not all(parameter.requires_grad for network in networks for parameter in network.parameters()),
        "reached": bool(arrivals),
        "calls": [len(network.calls) for network in networks],
    }


def network_outputs(
    generator: Callable[..., Any], discriminator: Callable[..., Any], noise: Tensor, labels: Tensor, images: Tensor
) -> dict[str, Any]:
    """What new networks of the student's give, in evaluation mode.

    Args:
        generator, discriminator: their classes.
        noise: (batch, noise_size), a row for each of `labels`, int64 (batch,), and of `images`, (batch, 196).
    Returns:
        `images`: of the generator. `one_noise`: with the first row of noise for all. `one_class`: with the first class
        for all. `logits`, `one_image`, `one_label`: of the discriminator likewise.
        `redrawn`: a list of logits, each with weights that are drawn again.
        `no_gradient`: names of parameters that no gradient reaches where both learn. `images` alone, if the shape is
        wrong.
    """
    made, judged = generator(noise.shape[1]), discriminator()
    first_images = made(noise, labels)
    if not isinstance(first_images, Tensor) or first_images.shape != images.shape:
        return {"images": first_images}  # the discriminator could not read them
    first_logits = judged(first_images, labels)
    if isinstance(first_logits, Tensor) and first_logits.requires_grad:
        first_logits.sum().backward()
    missing = [
        f"{name}.{key}"
        for name, network in (("ConditionalGenerator", made), ("ConditionalDiscriminator", judged))
        for key, parameter in network.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    made.eval()
    judged.eval()
    with torch.no_grad():
        first, first_class, first_image = (each[:1].expand_as(each) for each in (noise, labels, images))
        return {
            "images": made(noise, labels),
            "one_noise": made(first, labels),
            "one_class": made(noise, first_class),
            "logits": judged(images, labels),
            "one_image": judged(first_image, labels),
            "one_label": judged(images, first_class),
            "no_gradient": missing,
            "redrawn": _redrawn(judged, images, labels),
        }


def _redrawn(discriminator: Module, images: Tensor, labels: Tensor) -> list[Any]:
    """What a discriminator gives with one set of random weights after the other. Its own weights are lost."""
    found = []
    for _ in range(DRAWS_OF_WEIGHTS):
        for parameter in discriminator.parameters():
            parameter.copy_(torch.randn_like(parameter))
        found.append(discriminator(images, labels))
    return found


def watch(
    model: Module, noise: Tensor, labels: Tensor | None, real: Tensor, real_labels: Tensor | None
) -> snapshots.Snapshots:
    """Begin to keep what a model's generator makes of noise while it is trained; changes nothing about training."""
    return snapshots.Snapshots(model, noise, labels, (real,) if real_labels is None else (real, real_labels))


def watched(kept: snapshots.Snapshots) -> dict[str, Any]:
    """End it, and tell what was kept; see `Snapshots.told`."""
    return kept.told()


def belief(model: Module, places: Tensor) -> Tensor:
    """How probable the discriminator finds it that points are real, (count,).

    Args:
        model: with networks for points.
        places: (count, 2).
    """
    return snapshots.belief(model, places)


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one == other).all())
