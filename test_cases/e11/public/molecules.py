"""Molecules drawn from a seed: atoms that keep their valences. Those with a chain Cl-C-C-O count as poisonous.

Molecules come in pairs with the same atoms. One of the two is poisonous, the other is not. So what only counts
atoms, or looks at atoms without their bonds, is right about half of them.
"""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

KINDS = ("C", "N", "O", "Cl")
CARBON, NITROGEN, OXYGEN, CHLORINE = range(len(KINDS))
VALENCES = (4, 3, 2, 1)  # the most bonds that an atom has; hydrogen, which is not drawn, takes the rest
MIN_ATOMS, MAX_ATOMS = 9, 15
MAX_OF_A_KIND = {NITROGEN: 2, OXYGEN: 3, CHLORINE: 3}  # beside carbon
CHANCE_OF_A_RING = 0.6
MAX_TRIES = 60  # to build both molecules of a pair
NO_ATOM = -1
COUNTS = {"train": 1600, "validation": 400, "test": 800}


def load(source: DataSource) -> Splits:
    """Splits of molecules; see `drawn`. The pairs of the validation split lie next to each other."""
    random = np.random.default_rng([source.seed, 1103])
    train, validation, test = (drawn(random, count) for count in COUNTS.values())
    splits = _shuffled(train, random), validation, _shuffled(test, random)
    return Splits("e11_molecules", "molecules", *splits, about={"kinds": KINDS}, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """Other test molecules, drawn from a secret, for grading."""
    random = np.random.default_rng([seed, 1104])
    return _shuffled(drawn(random, COUNTS["test"]), random)


def drawn(random: np.random.Generator, count: int) -> Split:
    """Molecules in pairs with the same atoms, the poisonous one first.

    Returns:
        x: int8 (count, 15), the kind of each atom, and NO_ATOM behind the last.
        adjacency: uint8 (count, 15, 15), the bonds.
        sizes: int64 (count,), how many atoms.
        y: int64 (count,), 1 if the molecule is poisonous, otherwise 0.
    """
    x = np.full((count, MAX_ATOMS), NO_ATOM, np.int8)
    adjacency = np.zeros((count, MAX_ATOMS, MAX_ATOMS), np.uint8)
    for row in range(0, count, 2):
        kinds, pair = _pair(random)
        x[row : row + 2, : len(kinds)] = kinds
        adjacency[row : row + 2, : len(kinds), : len(kinds)] = pair
    return Split(x=x, adjacency=adjacency, sizes=(x != NO_ATOM).sum(axis=1), y=1 - np.arange(count) % 2)


def poisonous_atoms(kinds: np.ndarray, bonds: np.ndarray) -> np.ndarray:
    """Which atoms belong to a chain Cl-C-C-O, bool (atoms,).

    Args:
        kinds: (atoms,), all of them atoms.
        bonds: bool (atoms, atoms).
    """
    is_carbon, is_chlorine, is_oxygen = (kinds == kind for kind in (CARBON, CHLORINE, OXYGEN))
    with_chlorine, with_oxygen = ((bonds & kind).any(axis=1) & is_carbon for kind in (is_chlorine, is_oxygen))
    chains = bonds & with_chlorine[:, None] & with_oxygen  # [i, j]: a chlorine, carbon i, carbon j, an oxygen
    near_chlorine, near_oxygen = chains.any(axis=1), chains.any(axis=0)
    ends = (bonds & near_chlorine).any(axis=1) & is_chlorine, (bonds & near_oxygen).any(axis=1) & is_oxygen
    return near_chlorine | near_oxygen | ends[0] | ends[1]


def features(kinds: np.ndarray) -> np.ndarray:
    """A row with a 1 at the kind of each atom, and a row of zeros where there is none, float32 (..., 4)."""
    return np.eye(len(KINDS) + 1, len(KINDS), dtype=np.float32)[kinds]  # NO_ATOM finds the last row


def _pair(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Kinds (atoms,), and the bonds of a poisonous molecule and of one that is not, bool (2, atoms, atoms)."""
    while True:
        kinds = np.full(random.integers(MIN_ATOMS, MAX_ATOMS + 1), CARBON)
        counts = [random.integers(kind != NITROGEN, most + 1) for kind, most in MAX_OF_A_KIND.items()]
        kinds[: sum(counts)] = np.repeat(list(MAX_OF_A_KIND), counts)
        found: dict[bool, np.ndarray] = {}
        for _ in range(MAX_TRIES):
            bonds = _bonds(random, kinds)
            found.setdefault(bool(poisonous_atoms(kinds, bonds).any()), bonds)
            if len(found) == 2:
                order = random.permutation(len(kinds))  # elsewhere, carbon would always come last
                return kinds[order], np.stack([found[True], found[False]])[:, order][:, :, order]


def _bonds(random: np.random.Generator, kinds: np.ndarray) -> np.ndarray:
    """Join atoms at random to a tree, and sometimes close a ring; no atom gets more bonds than its valence."""
    free = [VALENCES[kind] for kind in kinds]
    bonds = np.zeros((len(kinds), len(kinds)), bool)

    def join(one: int, other: int) -> None:
        bonds[one, other] = bonds[other, one] = True
        free[one] -= 1
        free[other] -= 1

    order = sorted(random.permutation(len(kinds)).tolist(), key=lambda atom: kinds[atom] == CHLORINE)
    for position, atom in enumerate(order[1:], start=1):  # atoms with a single bond come last: there is room for all
        open_atoms = [other for other in order[:position] if free[other]]
        join(atom, open_atoms[int(random.integers(len(open_atoms)))])
    if random.random() < CHANCE_OF_A_RING:
        near = bonds | (bonds @ bonds)  # at most two bonds apart: the ring would be too small
        room = np.array(free) > 0
        pairs = np.argwhere(np.triu(room[:, None] & room & ~near, 1))
        if len(pairs):
            one, other = pairs[random.integers(len(pairs))].tolist()
            join(one, other)
    return bonds


def _shuffled(split: Split, random: np.random.Generator) -> Split:
    order = random.permutation(len(split))
    return Split(**{name: array[order] for name, array in split.arrays.items()})
