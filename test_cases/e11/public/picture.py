"""A graph network while it learns: people in the colours of its beliefs, or molecules with the atoms that decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.splits import Split
from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e11.public import drawing_of_molecules, drawing_of_networks, layout, molecules
from test_cases.e11.public.communities import COMMUNITIES, UNKNOWN

NAMES = {"gat": "graph attention", "gcn": "graph convolutions"}
SHOWN = 6  # molecules: three pairs
SECONDS_TO_READ = 3.0


@dataclass(frozen=True)
class State:
    """A net at one moment.

    Attributes:
        kind: "gat" or "gcn" for a network of people, "molecules" for molecules.
        accuracy: of what the picture can check, a fraction.
        points: of all nodes, float (nodes, 2).
        edges: int64 (edges, 2), pairs of nodes.
        strengths: how much is heard over each edge, float (edges,); 1 if all neighbours count the same.
        groups: int64 (nodes,), the community that the net believes in, or the kind of an atom.
        certainties: float (nodes,), the probability of that community, or how much an atom decides, at most 1.
        marks: int64 (nodes,), 1 for people who told their community and 2 for bots; of atoms, their molecule.
        beliefs: float (molecules,), the probability of poison.
        truths: int64 (molecules,), 1 for poison.
    """

    kind: str
    accuracy: float
    points: np.ndarray
    edges: np.ndarray
    strengths: np.ndarray
    groups: np.ndarray
    certainties: np.ndarray
    marks: np.ndarray
    beliefs: np.ndarray
    truths: np.ndarray

    @property
    def caption(self) -> str:
        """For example `graph attention  ·  95.0% of people right; chance is 25%`."""
        if self.kind == "molecules":
            return f"{style.share(self.accuracy)} of molecules right; counting atoms gives 50%"
        return f"{NAMES[self.kind]}  ·  {style.share(self.accuracy)} of people right; chance is 25%"


@dataclass(frozen=True)
class Listening:
    """What the report shows of a net that looks for communities."""

    state: State

    @classmethod
    def of(cls, kind: str, accuracy: float, network: Split, weights: np.ndarray, logits: np.ndarray) -> Listening:
        """The exhibit of a net; `weights` is what each node hears of each other, `logits` (nodes, communities)."""
        return cls(network_state(kind, accuracy, network.x, network.adjacency, network.y, weights, logits))

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        state = self.state
        heard = float(drawing_of_networks.from_bots(state).mean())
        caption = (
            f"Your net with {NAMES[state.kind]}: {style.share(state.accuracy)} of people right. A node has the colour "
            "of the community that the net believes in. Edges to which people give more weight are stronger. Grey "
            f"squares are bots. People give them {heard:.0%} of the weight that they had if all neighbours counted the "
            "same."
        )
        alt = f"{len(state.points)} nodes in {COMMUNITIES} colours; people give bots {heard:.0%} of an equal weight."
        return [WindowPicture(state, caption, alt, is_wide=True)]


@dataclass(frozen=True)
class Poison:
    """What the report shows of a net that reads molecules."""

    state: State

    @classmethod
    def of(cls, accuracy: float, split: Split, beliefs: np.ndarray, influence: np.ndarray) -> Poison:
        """The exhibit of a net; `beliefs` (molecules,), `influence` (molecules, longest)."""
        return cls(molecules_state(accuracy, split.x, split.adjacency, split.y, beliefs, influence))

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        told = ", ".join(f"{belief:.0%}" for belief in self.state.beliefs)
        caption = (
            f"Your net on molecules: {style.share(self.state.accuracy)} right. The molecules of a column have the same "
            "atoms; the upper one is poisonous by its chain Cl–C–C–O. The glow shows which atoms move the net's "
            "belief most."
        )
        return [WindowPicture(self.state, caption, f"Probabilities of poison: {told}.", is_wide=True)]


class Reader:
    """Reads what the model believes while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._points: np.ndarray | None = None

    def read(self) -> State:
        """The net as it is now."""
        return self._read_molecules() if hasattr(self._dataset, "kinds") else self._read_network()

    def _read_network(self) -> State:
        from backend import device_of  # needs torch, which a window does without

        dataset, model = self._dataset, self._dataset.model
        x, adjacency = dataset.x, dataset.adjacency
        logits = dataset.outputs(x, adjacency).double().numpy()
        table = adjacency.double().numpy()
        if model.kind == "gat":
            heard = model.attention(*(each.to(device_of(model)) for each in (x, adjacency)))
            weights = heard.cpu().double().numpy()
        else:
            weights = _fixed(table)
        ((rows, labels),) = dataset.validation
        accuracy = float((logits.argmax(axis=1)[rows.numpy()] == labels.numpy()).mean())
        if self._points is None:
            self._points = layout.springs(table)
        return network_state(model.kind, accuracy, x.numpy(), table, dataset.y.numpy(), weights, logits, self._points)

    def _read_molecules(self) -> State:
        from test_cases.e11.public import saliency  # needs torch, which a window does without

        dataset = self._dataset
        parts = dataset.validation_x, dataset.validation_adjacency, dataset.validation_sizes
        labels = np.concatenate([found.numpy() for _, found in dataset.validation])
        x, table, sizes = (part[:SHOWN] for part in parts)
        beliefs, influence = (found.double().numpy() for found in saliency.beliefs(dataset.model, x, table, sizes))
        blocks = [
            dataset.outputs(*(part[rows] for part in parts)).argmax(dim=1).numpy() for rows, _ in dataset.validation
        ]
        answers = np.concatenate(blocks)
        kinds = np.where(x.numpy().any(axis=2), x.numpy().argmax(axis=2), molecules.NO_ATOM)
        accuracy = float((answers == labels).mean())
        if self._points is None:
            self._points = _places(kinds, table.numpy())
        return molecules_state(accuracy, kinds, table.numpy(), labels[:SHOWN], beliefs, influence, self._points)


def network_state(
    kind: str,
    accuracy: float,
    x: np.ndarray,
    adjacency: np.ndarray,
    told: np.ndarray,
    weights: np.ndarray,
    logits: np.ndarray,
    points: np.ndarray | None = None,
) -> State:
    """A network of people and what a net makes of it.

    Args:
        kind, accuracy: as in `State`.
        x: (nodes, features); the last feature tells bots.
        adjacency: (nodes, nodes).
        told: int (nodes,), communities, and UNKNOWN.
        weights: what each node hears of each other, (nodes, nodes); rows add up to 1.
        logits: (nodes, communities).
        points: where the nodes are drawn, if that is known.
    """
    is_bot = x[:, -1] > x[:, -1].max() / 2
    edges = np.argwhere(np.triu(adjacency, 1) > 0)
    loud = np.clip(np.nan_to_num(weights), 0, 1) * (
        adjacency.sum(axis=1, keepdims=True) + 1
    )  # 1: like every other neighbour
    heard, back = loud[edges[:, 0], edges[:, 1]], loud[edges[:, 1], edges[:, 0]]
    first, second = is_bot[edges[:, 0]], is_bot[edges[:, 1]]
    strengths = np.where(first & ~second, back, np.where(second & ~first, heard, (heard + back) / 2))  # by people
    shares = _softmax(logits)
    return State(
        kind,
        accuracy,
        (layout.springs(adjacency) if points is None else points).astype(np.float32),
        edges,
        strengths.astype(np.float32),
        shares.argmax(axis=1),
        shares.max(axis=1).astype(np.float32),
        np.where(is_bot, 2, (told != UNKNOWN).astype(np.int64)),
        np.empty(0, np.float32),
        np.empty(0, np.int64),
    )


def molecules_state(
    accuracy: float,
    kinds: np.ndarray,
    adjacency: np.ndarray,
    truths: np.ndarray,
    beliefs: np.ndarray,
    influence: np.ndarray,
    points: np.ndarray | None = None,
) -> State:
    """A few molecules, in pairs, and what a net makes of them.

    Args:
        accuracy: as in `State`.
        kinds: int (molecules, longest), and NO_ATOM.
        adjacency: (molecules, longest, longest).
        truths, beliefs: (molecules,).
        influence: of the atoms, (molecules, longest).
        points: where the atoms are drawn, if that is known, (atoms, 2).
    """
    is_atom = kinds != molecules.NO_ATOM
    numbers = np.cumsum(is_atom.ravel()).reshape(is_atom.shape) - 1
    molecule, one, other = np.nonzero(np.triu(adjacency, 1))
    influence = np.nan_to_num(influence, posinf=0.0)
    largest = influence.max(axis=1, keepdims=True)
    shares = np.divide(influence, largest, out=np.zeros_like(influence), where=largest > 0)
    return State(
        "molecules",
        accuracy,
        (_places(kinds, adjacency) if points is None else points).astype(np.float32),
        np.column_stack([numbers[molecule, one], numbers[molecule, other]]),
        np.ones(len(one), np.float32),
        kinds[is_atom].astype(np.int64),
        shares[is_atom].astype(np.float32),
        np.nonzero(is_atom)[0],
        np.nan_to_num(beliefs, nan=0.5).astype(np.float32),
        truths.astype(np.int64),
    )


def draw(axes: Any, state: State) -> None:
    """The network, or the molecules."""
    (drawing_of_molecules if state.kind == "molecules" else drawing_of_networks).draw(axes, state)


def _places(kinds: np.ndarray, adjacency: np.ndarray) -> np.ndarray:
    """Where the atoms of molecules are drawn, each molecule around its own middle, (atoms, 2)."""
    found: list[np.ndarray] = []
    for row, table in zip(kinds, adjacency, strict=True):
        size = int((row != molecules.NO_ATOM).sum())
        found.append(layout.lying(layout.stress(table[:size, :size])))
    return np.concatenate(found)


def _fixed(adjacency: np.ndarray) -> np.ndarray:
    """What each node hears of each other in a graph convolution; rows add up to 1."""
    looped = adjacency + np.eye(len(adjacency))
    shares = looped / np.sqrt(looped.sum(axis=1))
    return shares / shares.sum(axis=1, keepdims=True)


def _softmax(logits: np.ndarray) -> np.ndarray:
    logits = np.nan_to_num(logits)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
