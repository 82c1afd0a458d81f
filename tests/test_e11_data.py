"""The data of elective 11: molecules and networks of people are as told, and no short cut reads them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import data as datasets
from grading.checks import expect
from test_cases.e11 import checks
from test_cases.e11.public import communities, layout, molecules


@pytest.fixture(scope="module")
def chemistry() -> datasets.Splits:
    return datasets.Library(seed=0).load(checks.MOLECULES)


def test_atoms_keep_their_valences_and_molecules_hang_together(chemistry):
    for split in (chemistry.validation, molecules.draw_hidden_test(3)):
        degrees = split.adjacency.sum(axis=2)
        valences = np.array([*molecules.VALENCES, 0])[split.x]  # the last is that of no atom
        assert (degrees <= valences).all()
        assert (split.adjacency == split.adjacency.swapaxes(1, 2)).all()
        assert not split.adjacency.diagonal(axis1=1, axis2=2).any()
        assert set(np.unique(split.sizes)) <= set(range(molecules.MIN_ATOMS, molecules.MAX_ATOMS + 1))
        for table, size in zip(split.adjacency[:50], split.sizes[:50], strict=True):
            assert layout.distances(table[:size, :size]).max() < molecules.MAX_ATOMS


def test_a_molecule_is_poisonous_if_a_chain_of_four_atoms_is_found_by_hand(chemistry):
    split = chemistry.validation
    for kinds, table, y in zip(split.x[:100], split.adjacency[:100], split.y[:100], strict=True):
        chains = {
            (a, b, c, d)
            for a in np.flatnonzero(kinds == molecules.CHLORINE)
            for b in np.flatnonzero(table[a])
            for c in np.flatnonzero(table[b])
            for d in np.flatnonzero(table[c])
            if a != c and b != d and (kinds[b], kinds[c], kinds[d]) == (0, 0, molecules.OXYGEN)
        }
        assert bool(chains) == bool(y)
        marked = molecules.poisonous_atoms(kinds, table.astype(bool))
        assert set(np.flatnonzero(marked)) == {atom for chain in chains for atom in chain}


def test_pairs_have_the_same_atoms_and_splits_share_no_molecule(chemistry):
    validation = chemistry.validation
    for row in range(0, len(validation), 2):
        one, other = (np.sort(validation.x[row + step]) for step in (0, 1))
        np.testing.assert_array_equal(one, other)
    assert validation.y.tolist() == [1, 0] * (len(validation) // 2)
    known = [{row.tobytes() for row in split.adjacency} for split in (chemistry.train, validation, chemistry.test)]
    assert not known[0] & known[1] | known[0] & known[2] | known[1] & known[2]
    hidden = molecules.draw_hidden_test(0)
    assert hidden.arrays.keys() == chemistry.test.arrays.keys()
    assert not np.array_equal(hidden.adjacency, chemistry.test.adjacency)


def logistic_regression(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Answers 0 and 1 for the rows of `test`, by Newton's method on standardised features."""
    mean, scale = train.mean(axis=0), train.std(axis=0) + 1e-9
    rows, others = (np.column_stack([(part - mean) / scale, np.ones(len(part))]) for part in (train, test))
    weights = np.zeros(rows.shape[1])
    for _ in range(20):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chances - labels) + 1e-3 * weights
        curvature = (rows * (chances * (1 - chances))[:, None]).T @ rows + 1e-3 * np.eye(len(weights))
        weights -= np.linalg.solve(curvature, slope)
    return (others @ weights > 0).astype(int)


def test_counting_atoms_and_bonds_stays_below_70_percent(chemistry):
    def counts(split):
        return np.stack([(split.x == kind).sum(axis=1) for kind in range(4)], axis=1)

    def with_bonds(split):
        bonds = split.adjacency.sum(axis=(1, 2)) / 2
        ends = [
            (split.adjacency.sum(axis=2) * (split.x == kind)).sum(axis=1) for kind in range(4)
        ]  # bonds at each kind of atom
        return np.column_stack([counts(split), bonds, *ends])

    train, test = chemistry.train, chemistry.test
    for features, most in ((counts, 0.5), (with_bonds, 0.7)):
        answers = logistic_regression(features(train), train.y, features(test))
        assert (answers == test.y).mean() <= most, features.__name__


def test_networks_of_people_have_the_labels_that_are_told_and_no_others():
    splits = datasets.Library(seed=0).load(checks.NETWORK)
    network = splits.test
    people = network.truth != communities.BOT
    for told in (network.y, network.validation_y):
        known = told != communities.UNKNOWN
        assert known.sum() == 20
        np.testing.assert_array_equal(told[known], network.truth[known])
    assert communities.is_graded(network).sum() == 120
    assert not (communities.is_graded(network) & ~people).any()
    assert not np.array_equal(splits.train.adjacency, network.adjacency)
    arrays = datasets.training_arrays(communities.training_splits(network))
    assert set(arrays) == {"train_x", "train_adjacency", "train_y", "validation_y"}
    assert communities.draw_hidden_test(1).x.shape == network.x.shape


def test_people_cannot_be_told_by_their_features_alone():
    network = communities.draw_hidden_test(0)
    graded = communities.is_graded(network)
    by_features = network.x[:, : communities.COMMUNITIES].argmax(axis=1)  # the best answer without edges
    assert 0.4 < (by_features == network.truth)[graded].mean() < 0.7


def test_inputs_differ_from_seed_to_seed():
    one, other = (datasets.Library(seed=seed).load(checks.NETWORK).test.x for seed in (0, 1))
    assert not np.array_equal(one, other)
    first, second = (checks._random(SimpleNamespace(seed=seed), 1).random() for seed in (0, 1))
    assert first != second
    assert expect.is_close(checks._random(SimpleNamespace(seed=0), 1).random(), first, 0)
