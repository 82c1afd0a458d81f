"""Elective 11 of a mediocre but honest solution: loops over nodes and graphs, few steps, no schedule."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module, ParameterList
from torch.nn.functional import cross_entropy, dropout, elu, leaky_relu
from torch.utils.data import DataLoader, Dataset


def adjacency(edges: Tensor, nodes: int) -> Tensor:
    """A loop over the edges."""
    a = torch.zeros((nodes, nodes))
    for i, j in edges.tolist():
        a[i, j] = 1
        a[j, i] = 1
    return a


def degrees(adjacency: Tensor) -> Tensor:
    """Columns: the matrix is symmetric."""
    return torch.einsum("ij->j", adjacency)


def aggregate(adjacency: Tensor, x: Tensor, how: str) -> Tensor:
    """A product, and for the maximum a huge negative number."""
    a = adjacency
    if how == "sum":
        return torch.matmul(a, x)
    if how == "mean":
        d = a.sum(1)
        d[d == 0] = 1
        return torch.diag(1 / d) @ a @ x
    big = torch.where(a.unsqueeze(2) > 0, x.unsqueeze(0), torch.full((), -1e30, dtype=x.dtype))
    m = big.max(dim=1).values
    return torch.where(a.sum(1, keepdim=True) > 0, m, torch.zeros_like(m))


def gcn_layer(adjacency: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """With diagonal matrices, as written."""
    n = adjacency.shape[0]
    a = adjacency + torch.eye(n, dtype=x.dtype)
    d = torch.diag(a.sum(1) ** -0.5)
    return torch.matmul(d @ a @ d @ x, weight) + bias


def attention_weights(adjacency: Tensor, z: Tensor, receiver: Tensor, sender: Tensor) -> Tensor:
    """Exponentials by hand, with the largest score of each row taken off."""
    n = len(z)
    e = leaky_relu((z * receiver).sum(1).unsqueeze(1) + (z * sender).sum(1).unsqueeze(0), negative_slope=0.2)
    mask = torch.logical_or(adjacency > 0, torch.eye(n, dtype=torch.bool))
    e = torch.where(mask, e, torch.full((), -1e30, dtype=z.dtype))
    p = torch.exp(e - e.max(1, keepdim=True).values) * mask
    return p / p.sum(1, keepdim=True)


def gat_layer(adjacency: Tensor, x: Tensor, weight: Tensor, receiver: Tensor, sender: Tensor, bias: Tensor) -> Tensor:
    """As written."""
    z = torch.matmul(x, weight)
    return torch.matmul(attention_weights(adjacency, z, receiver, sender), z) + bias


def batch_graphs(x: Tensor, adjacency: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A loop over graphs."""
    total = int(sizes.sum())
    a = torch.zeros((total, total), dtype=adjacency.dtype)
    rows, owner, start = [], [], 0
    for g, n in enumerate(sizes.tolist()):
        rows.append(x[g, :n])
        a[start : start + n, start : start + n] = adjacency[g, :n, :n]
        owner.extend([g] * n)
        start += n
    return torch.cat(rows), a, torch.tensor(owner)


def readout(x: Tensor, graph_of: Tensor, graphs: int, how: str) -> Tensor:
    """A loop over graphs."""
    result = []
    for g in range(graphs):
        part = x[graph_of == g]
        if how == "sum":
            result.append(part.sum(0))
        elif how == "mean":
            result.append(part.mean(0))
        else:
            result.append(part.max(0).values)
    return torch.stack(result)


class CommunityNet(Module):
    """As given."""

    def __init__(self, kind: str, features: int, hidden: int, communities: int) -> None:
        super().__init__()
        self.kind = kind
        sizes = [(features, hidden), (hidden, communities)]
        listening = sizes if kind == "gat" else []
        self.weights = ParameterList([torch.randn(inputs, outputs) * inputs**-0.5 for inputs, outputs in sizes])
        self.biases = ParameterList([torch.zeros(outputs) for _, outputs in sizes])
        self.receivers = ParameterList([torch.zeros(outputs) for _, outputs in listening])
        self.senders = ParameterList([torch.zeros(outputs) for _, outputs in listening])

    def layer(self, number: int, adjacency: Tensor, x: Tensor) -> Tensor:
        """As given."""
        weight, bias = self.weights[number - 1], self.biases[number - 1]
        if self.kind == "gcn":
            return gcn_layer(adjacency, x, weight, bias)
        return gat_layer(adjacency, x, weight, self.receivers[number - 1], self.senders[number - 1], bias)

    def attention(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """As given."""
        return attention_weights(adjacency, x @ self.weights[0], self.receivers[0], self.senders[0])

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """As given."""
        hidden = elu(self.layer(1, adjacency, dropout(x, 0.5, self.training)))
        return self.layer(2, adjacency, dropout(hidden, 0.5, self.training))


def train_communities(model: CommunityNet, dataset: Any) -> None:
    """Picks the nodes that are known; no weight decay."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        for batch in DataLoader(dataset, batch_size=len(dataset)):
            known = batch["y"] >= 0
            loss = cross_entropy(model(batch["x"], batch["adjacency"])[known], batch["y"][known])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


class MoleculeNet(Module):
    """Two layers that join what the atom is with the sum of its neighbours, and a sum."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.first = Linear(2 * kinds, 48)
        self.second = Linear(96, 48)
        self.last = Linear(48, 2)

    def forward(self, x: Tensor, adjacency: Tensor, sizes: Tensor) -> Tensor:
        """Joined features."""
        h, a, owner = batch_graphs(x, adjacency, sizes)
        h = torch.relu(self.first(torch.cat([h, aggregate(a, h, "sum")], 1)))
        h = torch.relu(self.second(torch.cat([h, aggregate(a, h, "sum")], 1)))
        return self.last(readout(h, owner, len(sizes), "sum"))


def train_molecules(model: MoleculeNet, dataset: Dataset) -> None:
    """A constant rate."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.004)
    for _ in range(12):
        for batch in DataLoader(dataset, batch_size=40, shuffle=True):
            loss = cross_entropy(model(batch["x"], batch["adjacency"], batch["sizes"]), batch["y"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
