"""Trainings of elective 11: what nets of the student's make of a network and of molecules, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from data import Split
from grading.checks import course, diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed
from test_cases.e11 import reference
from test_cases.e11.exact import MODULE
from test_cases.e11.public import communities as networks
from test_cases.e11.public import molecules as chemistry
from test_cases.e11.public.picture import Listening, Poison

HIDDEN = 16  # of the nets that look for communities
AGREE = 1e-3  # float32 through two layers, against float64
SAME = 1e-3  # logits of one molecule, added up in another order in float32
FEW = 200  # molecules for which the weights are put in another order
MAX_WITHOUT_WEIGHTS = 0.8  # a share of molecules; chance is 0.5, and the reference had at most 0.65 in 60 orders
AT_ONCE = 50  # molecules in a call: the matrix of a batch grows with the square
ONE_FOR_MOST = 0.7  # a share of people with one answer; a quarter would be right
CRASHES = {
    "Target -1 is out of bounds": (
        "Nodes without a label, UNKNOWN, are in the loss. Which argument of `cross_entropy` leaves them out?"
    ),
}
# two pairs of chains: in both, each atom has the same neighbours, and what lies two bonds away differs
CHAINS = (("Cl", "C", "C", "O", "N", "C", "C", "N"), ("Cl", "C", "C", "N", "O", "C", "C", "N"))
SHOWN = 6


@dataclass(frozen=True)
class OnNetwork:
    """What came of a training on a network.

    Attributes:
        accuracy, validation: on graded people and on the validation people, fractions.
        answers: the communities that the net gives graded people.
        training: what was seen of the training.
    """

    accuracy: float
    validation: float
    answers: np.ndarray
    training: Training


def on_a_network(student: Student, network: Split | None, kind: str) -> OnNetwork:
    """Train a CommunityNet, record and exhibit what came.

    The grader computes the logits from the trained parameters, with layers of its own.
    """
    assert network is not None
    name = {"gat": "graph attention", "gcn": "graph convolutions"}[kind]
    model = student.create(f"{MODULE}.CommunityNet", kind, networks.FEATURES, HIDDEN, networks.COMMUNITIES)
    splits = networks.training_splits(network)
    with diagnosis.explained(lambda text: diagnosis.crash_in_training(text) or diagnosis.crash(text, CRASHES)):
        training = student.train(f"{MODULE}.train_communities", model, splits)
    parameters = model.parameters()
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        _require_shapes(parameters, kind)
    table = network.adjacency.astype(np.float64)
    logits = reference.community_logits(kind, parameters, network.x, table)
    what = f"CommunityNet with {name} should give logits"
    own = expect.array(model(network.x, network.adjacency.astype(np.float32)), logits.shape, what)
    expect.close(own, logits, AGREE, f"{what} that its weights give by the formulas,", "Was the class changed?")
    graded, told = networks.is_graded(network), network.validation_y != networks.UNKNOWN
    accuracy = expect.accuracy(logits[graded], network.truth[graded])
    weights = _heard(kind, parameters, network, table)
    is_bot = network.truth == networks.BOT
    student.record({"gat": "community_accuracy", "gcn": "gcn_accuracy"}[kind], accuracy)
    student.record(
        {"gat": "attention_to_bots", "gcn": "gcn_weight_of_bots"}[kind], weights[~is_bot][:, is_bot].sum(axis=1).mean()
    )
    student.exhibit(lambda: Listening.of(kind, accuracy, network, weights, logits))
    validation = expect.accuracy(logits[told], network.truth[told])
    return OnNetwork(accuracy, validation, logits[graded].argmax(axis=1), training)


def _heard(kind: str, parameters: Mapping[str, np.ndarray], network: Split, table: np.ndarray) -> np.ndarray:
    """How much each node hears of each other in the first layer; each row adds up to 1."""
    if kind == "gat":
        weight, receiver, sender = (
            parameters[f"{name}.0"].astype(np.float64) for name in ("weights", "receivers", "senders")
        )
        return reference.attention_weights(table, network.x @ weight, receiver, sender)
    shares = reference.normalised(table)
    return shares / shares.sum(axis=1, keepdims=True)


def _require_shapes(parameters: Mapping[str, np.ndarray], kind: str) -> None:
    """A CommunityNet has the parameters that it began with, all finite."""
    sizes = (networks.FEATURES, HIDDEN, networks.COMMUNITIES)
    for place in (0, 1):
        shapes: dict[str, tuple[int, ...]] = {f"weights.{place}": (sizes[place], sizes[place + 1])}
        names = ("biases", "receivers", "senders") if kind == "gat" else ("biases",)
        shapes |= {f"{name}.{place}": (sizes[place + 1],) for name in names}
        for name, shape in shapes.items():
            expect.array(
                parameters.get(name), shape, f"CommunityNet should have a parameter `{name}`", "Was the class changed?"
            )


def logits(model: Model, split: Split) -> np.ndarray:
    """What a MoleculeNet gives for molecules, (count, 2)."""
    found = []
    for start in range(0, len(split), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        inputs = chemistry.features(split.x[rows]), split.adjacency[rows].astype(np.float32), split.sizes[rows]
        what = f"MoleculeNet should give {len(inputs[0])} molecules logits"
        found.append(expect.array(model(*inputs), (len(inputs[0]), 2), what))
    return np.concatenate(found)


def require_made_by_weights(model: Model, split: Split, random: np.random.Generator) -> None:
    """A net whose weights have changed places tells nothing. One that computes the rule by itself still does."""
    weights, few = model.parameters(), Split(**{name: array[:FEW] for name, array in split.arrays.items()})
    model.set_parameters({name: random.permuted(each.ravel()).reshape(each.shape) for name, each in weights.items()})
    try:
        share = expect.accuracy(logits(model, few), few.y)
    except CheckFailed:  # no finite logits: such weights may lead anywhere
        share = 0.0
    model.set_parameters(weights)  # for the pictures
    if share > MAX_WITHOUT_WEIGHTS:
        raise CheckFailed(
            f"the grader put the weights of MoleculeNet in another order. Still, {share:.0%} of its answers are right. "
            "Do its logits come from its layers?"
        )


def blind(logits: np.ndarray, without: np.ndarray) -> str:
    """Whether a net believes the same of molecules whose bonds were taken away."""
    if not expect.is_close(logits, without, SAME):
        return ""
    return (
        "With all bonds taken away, the logits stay the same: the net counts atoms. Pairs of molecules have the same "
        "atoms, and only one of them is poisonous. Where does your `forward` use the adjacency matrix?"
    )


def near_sighted(model: Model) -> str:
    """Whether a net gives the same for molecules in which only what lies two bonds away differs."""
    kinds = np.array([[chemistry.KINDS.index(kind) for kind in chains] for chains in CHAINS])
    bonds = np.kron(np.eye(2), np.eye(4, k=1) + np.eye(4, k=-1)).astype(np.uint8)  # two chains of four atoms
    split = Split(x=kinds, adjacency=np.stack([bonds, bonds]), sizes=np.array([8, 8]))
    one, other = logits(model, split)
    if not expect.is_close(one, other, SAME):
        return ""
    return (
        "In two molecules, each atom has the same neighbours, and what lies two bonds away differs. The net gives both "
        "the same logits. Each layer carries what an atom knows one bond further. How many layers do messages pass "
        "through?"
    )


def one_for_most(found: OnNetwork) -> str:
    """Whether a net that was trained for long gives most people the same community."""
    if found.training.backwards <= course.FEW_UPDATES:
        return ""
    counts = np.bincount(found.answers, minlength=networks.COMMUNITIES)
    if counts.max() < ONE_FOR_MOST * len(found.answers):
        return ""
    return (
        f"The net gives community {counts.argmax()} to {counts.max()} of {len(found.answers)} people. Do nodes without "
        "a label, UNKNOWN, take part in the loss with a label?"
    )


def poison(student: Student, model: Model, split: Split, accuracy: float) -> Poison:
    """What a trained net believes about a few pairs of molecules."""
    few = Split(**{name: array[:SHOWN] for name, array in split.arrays.items()})
    adjacency = few.adjacency.astype(np.float32)
    inputs: dict[str, Any] = {"x": chemistry.features(few.x), "adjacency": adjacency, "sizes": few.sizes}
    found = student.probe_named("looked_at", model=model, **inputs)
    beliefs = expect.array(found["beliefs"], (len(few),), "beliefs should be")
    influence = expect.array(found["influence"], few.x.shape, "influence should be")
    return Poison.of(accuracy, few, beliefs, influence)
