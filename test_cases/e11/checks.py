"""Elective 11: graph layers are exact and blind to the numbers of nodes; trained, they read networks and molecules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from data import Library, Split
from grading.checks import course, diagnosis, expect
from grading.checks.common import Accuracy
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.checks.wording import listed
from grading.outcomes import CheckFailed
from test_cases.e11 import exact, mistakes, reference, trained
from test_cases.e11.exact import INPUTS, MODULE, NODES, OUTPUTS
from test_cases.e11.public import communities as networks
from test_cases.e11.public import molecules as chemistry

NETWORK, MOLECULES = "test_cases.e11.public.communities", "test_cases.e11.public.molecules"
NODES_RENUMBERED = 30
HUGE = 1000.0  # scores at which exp overflows
LARGE = 100.0  # times features: an error of a divisor then shows in the same digits for every seed
FEW = 5  # molecules that are renumbered


def adjacency(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    edges = np.argwhere(np.triu(exact.table(random, isolated=True), 1))
    turned = np.where(random.random((len(edges), 1)) < 0.5, edges, edges[:, ::-1])
    listed = np.concatenate([turned, turned[:1], turned[1:2, ::-1]])  # two are listed twice
    exact.require(student, "adjacency", [(listed, NODES), (edges[:1], 3 + int(edges[0].max()))])
    found = exact.asked(student, "adjacency", (listed, NODES))
    if found.dtype != np.float32:
        what = "adjacency should return a tensor of dtype float32"
        raise CheckFailed(f"{what}; got {found.dtype}.", mistakes.NOT_FLOAT32)
    table = exact.table(random, isolated=True)
    what = f"degrees of a graph with {NODES} nodes should be"
    found = expect.array(exact.asked(student, "degrees", (table,)), (NODES,), what)
    expect.close(found, table.sum(axis=1), EXACT, what, "How many entries of a row are 1?")


def aggregate(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 2)
    table, x = exact.table(random), LARGE * random.standard_normal((NODES, INPUTS))
    x[:, 0] = -np.abs(x[:, 0])  # all negative: a maximum with zeros among them would show
    exact.require(student, "aggregate", [(table, x, how) for how in reference.WAYS])
    lonely = exact.table(random, isolated=True)
    exact.require(student, "aggregate", [(lonely, x, how) for how in reference.WAYS])
    for how in reference.WAYS:
        exact.require_slopes(student, "aggregate", (table, x, how), 1)


def gcn_layer(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    x, weight, bias = (random.standard_normal(shape) for shape in ((NODES, INPUTS), (INPUTS, OUTPUTS), OUTPUTS))
    x *= LARGE
    for isolated in (False, True):
        arguments = (exact.table(random, isolated), x, weight, bias)
        exact.require(student, "gcn_layer", [arguments])
    exact.require_slopes(student, "gcn_layer", arguments, 2)


def attention_weights(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    z, receiver, sender = (random.standard_normal(shape) for shape in ((NODES, OUTPUTS), OUTPUTS, OUTPUTS))
    for isolated in (False, True):
        exact.require(student, "attention_weights", [(exact.table(random, isolated), z, receiver, sender)])
    scale = HUGE / np.abs(z @ sender).max()
    exact.require(student, "attention_weights", [(exact.table(random), z, receiver, scale * sender)])
    exact.require_slopes(student, "attention_weights", (exact.table(random), z, receiver, sender), 3)


def gat_layer(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    shapes: tuple[Any, ...] = ((NODES, INPUTS), (INPUTS, OUTPUTS), OUTPUTS, OUTPUTS, OUTPUTS)
    arguments = (exact.table(random), *(random.standard_normal(shape) for shape in shapes))
    exact.require(student, "gat_layer", [arguments])
    for number in (2, 4):
        exact.require_slopes(student, "gat_layer", arguments, number)


def batch_graphs(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    for sizes in ((3, 1, 5, 2), (2, 2), (4,)):
        x, tables = exact.padded(random, sizes)
        found = exact.asked(student, "batch_graphs", (x, tables, np.array(sizes)))
        what = f"batch_graphs of {len(sizes)} graphs with {listed(sizes)} nodes should return"
        if not isinstance(found, list) or len(found) != 3:
            raise CheckFailed(f"{what} three tensors; got {expect.kind(found)}.")
        rows, whole, owners = reference.batch_graphs(x, tables, sizes)
        hint = "Do rows of padding count as nodes?"
        for part, right, name in zip(found, (rows, whole), ("features", "an adjacency matrix"), strict=False):
            given = expect.array(part, right.shape, f"{what} {name}", hint)
            expect.close(given, right, EXACT, f"{what} {name} that holds", "Does each graph keep its own edges?")
        is_one_each = isinstance(found[2], np.ndarray) and found[2].shape == (len(sizes),) != owners.shape
        hint = "There is one number for each graph. Each node has one." if is_one_each else hint
        given = expect.array(found[2], owners.shape, f"{what} the graph of each node", hint)
        if not np.array_equal(given, owners):
            with diagnosis.explained(lambda text, given=given, sizes=sizes: mistakes.of_owners(given, sizes)):  # type: ignore[misc]
                right_told = listed(owners.tolist())
                told = listed(given[:20].tolist())
                raise expect.Mismatch(f"{what} the graph of each node, {right_told}; got {told}.", "")
        if not isinstance(found[2], np.ndarray) or found[2].dtype.kind != "i":
            raise CheckFailed(f"{what} the graph of each node in whole numbers; got numbers of another dtype.")


def readout(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    x, owners = LARGE * random.standard_normal((NODES, INPUTS)), random.permutation([0, 0, 0, 1, 2, 2, 2])
    x[:, 0] = -np.abs(x[:, 0])
    exact.require(student, "readout", [(x, owners, 3, how) for how in reference.WAYS])
    for how in reference.WAYS:
        exact.require_slopes(student, "readout", (x, owners, 3, how), 0)


def renumbering(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 8)
    shapes: tuple[Any, ...] = ((INPUTS, OUTPUTS), OUTPUTS, OUTPUTS, OUTPUTS)
    weight, receiver, sender, bias = (random.standard_normal(shape) for shape in shapes)
    others: dict[str, tuple[Any, ...]] = {
        "aggregate": ("max",), "gcn_layer": (weight, bias), "gat_layer": (weight, receiver, sender, bias),
    }  # fmt: skip
    table = np.triu(random.random((NODES_RENUMBERED, NODES_RENUMBERED)) < 0.15, 1).astype(np.float64)
    table, x = table + table.T, random.standard_normal((NODES_RENUMBERED, INPUTS))
    order = random.permutation(NODES_RENUMBERED)
    for name, more in others.items():
        shape = (NODES_RENUMBERED, INPUTS if name == "aggregate" else OUTPUTS)
        what = f"{name} of {NODES_RENUMBERED} nodes should return features"
        before = expect.array(exact.asked(student, name, (table, x, *more)), shape, what)
        after = expect.array(exact.asked(student, name, (table[order][:, order], x[order], *more)), shape, what)
        what = f"if the nodes are renumbered, the output of {name} should only be renumbered, too:"
        expect.close(after, before[order], EXACT, what, "Does the number of a node, or its position, play a part?")
    _renumbered_molecules(student, library, random)


def fixed_weights(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    trained.on_a_network(student, library.load(NETWORK).test, "gcn")  # no threshold: the other net has one


def communities(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    network = library.load(NETWORK).test
    assert network is not None
    found = trained.on_a_network(student, network, "gat")
    least = thresholds["minimum_community_accuracy"]
    measured = Accuracy(found.accuracy, least, lambda: found.validation, noun="people")
    with diagnosis.explained(
        lambda text: diagnosis.first(lambda: diagnosis.training(found.training), lambda: trained.one_for_most(found))
    ):
        what = "the accuracy on people whose community nobody told"
        measured.require(what, lambda: f"Chance is 25%. {course.told(found.training, networks.COMMUNITIES)}")


def molecules(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(MOLECULES)
    test, validation = splits.test, splits.validation
    assert test is not None
    assert validation is not None
    model = student.create(f"{MODULE}.MoleculeNet", len(chemistry.KINDS))
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.train_molecules", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        logits = trained.logits(model, test)
    accuracy = expect.accuracy(logits, test.y)
    student.record("molecule_accuracy", accuracy)
    bare = Split(**{**test.arrays, "adjacency": np.zeros_like(test.adjacency)})
    without = trained.logits(model, bare)
    student.record("accuracy_without_bonds", expect.accuracy(without, test.y))
    student.exhibit(lambda: trained.poison(student, model, validation, accuracy))
    measured = Accuracy(
        accuracy,
        thresholds["minimum_molecule_accuracy"],
        lambda: expect.accuracy(trained.logits(model, validation), validation.y),
        lambda: expect.accuracy(trained.logits(model, splits.train), splits.train.y),
        "molecules",
    )
    findings = (lambda: trained.blind(logits, without), lambda: trained.near_sighted(model))
    with diagnosis.explained(lambda text: measured.mistake(training, *findings)):
        measured.require("accuracy on new molecules", lambda: f"Chance is 50%. {measured.seen(training, 2)}")
    trained.require_made_by_weights(model, test, _random(library, 9))


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 11, number])


def _renumbered_molecules(student: Student, library: Library, random: np.random.Generator) -> None:
    """An untrained MoleculeNet gives a molecule the same logits, however it is numbered, padded and accompanied."""
    few = _rows(library.load(MOLECULES).train, slice(FEW))
    is_atom = few.x != chemistry.NO_ATOM
    bonds = few.adjacency.astype(np.float32)
    model = student.create(f"{MODULE}.MoleculeNet", len(chemistry.KINDS))
    logits = trained.logits(model, few)

    def require(found: np.ndarray, when: str, hint: str) -> None:
        what = f"MoleculeNet should give a molecule the same logits {when}; expected"
        expect.close(found, logits, trained.SAME, what, hint)

    orders = [np.append(random.permutation(size), np.arange(size, few.x.shape[1])) for size in few.sizes]
    renumbered = Split(
        x=np.stack([row[order] for row, order in zip(few.x, orders, strict=True)]),
        adjacency=np.stack([table[order][:, order] for table, order in zip(bonds, orders, strict=True)]),
        sizes=few.sizes,
    )
    hint = "Does the number of an atom, or its position, play a part?"
    require(trained.logits(model, renumbered), "if its atoms are renumbered", hint)
    backwards = trained.logits(model, _rows(few, slice(None, None, -1)))[::-1]
    alone = np.concatenate([trained.logits(model, _rows(few, slice(row, row + 1))) for row in range(FEW)])
    hint = "Do molecules of a batch mix, in the edges or in the readout?"
    require(backwards, "in any order of the batch", hint)
    require(alone, "alone and in a batch", hint)
    inputs = np.where(is_atom[:, :, None], chemistry.features(few.x), 1.0).astype(np.float32)
    bonds = np.where(is_atom[:, :, None] & is_atom[:, None], bonds, 1.0).astype(np.float32)
    found = expect.array(model(inputs, bonds, few.sizes), logits.shape, "MoleculeNet should give logits")
    require(found, "whatever stands in the padding", "Which rows does `batch_graphs` leave out?")


def _rows(split: Split, chosen: slice) -> Split:
    return Split(**{name: array[chosen] for name, array in split.arrays.items()})
