"""Elective 11: graph networks. Fill in every part with NotImplementedError.

The packages torch_geometric and dgl have all of this ready-made. You write the core yourself, with plain tensors.
`torch.nn.Linear` and `torch.optim` are allowed.

Not allowed here: `torch.nn.*Conv?d`, `torch.nn.*ConvTranspose?d`, `torch.nn.modules.conv*`, `torch.conv*`,
`torch.nn.functional.conv*`, `torch.nn.*Unfold`, `torch.nn.*unfold`, `torch.nn.MultiheadAttention`,
`torch.nn.Transformer*`, `torch.nn.functional.scaled_dot_product_attention`,
`torch.nn.functional.multi_head_attention_forward`. In these names, `*` stands for any text and `?` stands for one
letter. Everything else of torch is allowed.

A graph has nodes and edges. Two tensors describe a graph:

- x: the features of the nodes, (nodes, features).
- adjacency: (nodes, nodes). The entry at [i, j] is 1 if an edge joins the nodes i and j, otherwise 0. Edges have no
  direction, so the matrix is symmetric. No node has an edge to itself, so the diagonal is 0.

The neighbours of node i are the nodes j with adjacency[i, j] = 1. The numbers of the nodes are arbitrary. If the nodes
are renumbered, the outputs of the nodes must be renumbered in the same way, and change in no other way.

All floating tensors of a call have one dtype, float32 or float64, which the result has, too. No function changes its
arguments in place.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module, ParameterList
from torch.nn.functional import cross_entropy, dropout, elu, leaky_relu, relu, softmax
from torch.optim import Adam
from torch.optim.lr_scheduler import LinearLR
from torch.utils.data import DataLoader, Dataset

UNKNOWN = -1  # in place of a community


def adjacency(edges: Tensor, nodes: int) -> Tensor:
    """Return the adjacency matrix of a graph, float32 (nodes, nodes).

    edges: int64 (edges, 2), two different nodes in each row. Each edge is listed at least once, in any direction. Some
        edges are listed twice, perhaps once in each direction: the entries are 1 all the same.
    nodes: how many. Some may have no edge.
    Example: adjacency(tensor([[0, 2]]), 3) has a 1 at [0, 2] and at [2, 0], and is 0 elsewhere.
    """
    # BEGIN SOLUTION
    matrix = torch.zeros(nodes, nodes, device=edges.device)
    first, second = edges.T
    matrix[first, second] = matrix[second, first] = 1.0
    return matrix
    # END SOLUTION


def degrees(adjacency: Tensor) -> Tensor:
    """Return how many neighbours each node has, (nodes,), in the dtype of `adjacency`."""
    # BEGIN SOLUTION
    return adjacency.sum(dim=1)
    # END SOLUTION


def aggregate(adjacency: Tensor, x: Tensor, how: str) -> Tensor:
    """Combine the features of each node's neighbours, (nodes, features).

    how: "sum", "mean" or "max" of the rows of x that belong to the neighbours. "max" is taken in each feature by
        itself. The node's own row does not take part.
    A node without neighbours gets zeros. No constant is added to the number of neighbours.

    The order of the neighbours does not matter to any of the three: that is why they are used. The sum knows how many
    neighbours say something, the mean knows their shares, the maximum knows whether any does (Xu and others, 2019).
    """
    # BEGIN SOLUTION
    if how == "max":
        said = x.masked_fill(adjacency[:, :, None] == 0, -torch.inf)  # (nodes, nodes, features)
        highest = said.amax(dim=1)  # (nodes, features)
        return highest.masked_fill(adjacency.sum(dim=1, keepdim=True) == 0, 0.0)
    total = adjacency @ x  # (nodes, features)
    return total if how == "sum" else total / adjacency.sum(dim=1, keepdim=True).clamp(min=1)
    # END SOLUTION


def gcn_layer(adjacency: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return a graph convolution (Kipf and Welling, 2017), before any activation, (nodes, outputs).

        A' = A + I                                    each node is its own neighbour, too
        d_i = the sum of row i of A'
        H = D^(-1/2) A' D^(-1/2) X W + b              D has the d_i on its diagonal

    In other words, the entry of A' at [i, j] is divided by sqrt(d_i * d_j). No constant is added to a degree.
    A: `adjacency`. X: `x`, (nodes, inputs). W: `weight`, (inputs, outputs). b: `bias`, (outputs,).
    """
    # BEGIN SOLUTION
    with_loops = adjacency + torch.eye(len(adjacency)).to(adjacency)
    scale = with_loops.sum(dim=1).rsqrt()  # (nodes,)
    return (scale[:, None] * with_loops * scale) @ (x @ weight) + bias
    # END SOLUTION


def attention_weights(adjacency: Tensor, z: Tensor, receiver: Tensor, sender: Tensor) -> Tensor:
    """Return the weight of each neighbour for each node (Velickovic and others, 2018), (nodes, nodes).

        e_ij = leaky_relu(r · z_i + s · z_j)          with the slope 0.2 below 0
        a_ij = exp(e_ij) / (the sum of exp(e_ik) over all k in N_i)

    N_i: the neighbours of node i, and i itself. Row i of the result holds a_ij for every j in N_i and adds up to 1. All
    other entries are 0.
    z_i: row i of `z`, (nodes, size). r: `receiver`, (size,). s: `sender`, (size,). `·` is the scalar product.
    No constant is added to the sum. Scores as large as 1,000 must not overflow. Which function of torch takes care of
    that?
    """
    # BEGIN SOLUTION
    scores = leaky_relu((z @ receiver)[:, None] + z @ sender, 0.2)  # (nodes, nodes)
    is_heard = (adjacency + torch.eye(len(adjacency)).to(adjacency)) > 0
    return softmax(scores.masked_fill(~is_heard, -torch.inf), dim=1)
    # END SOLUTION


def gat_layer(adjacency: Tensor, x: Tensor, weight: Tensor, receiver: Tensor, sender: Tensor, bias: Tensor) -> Tensor:
    """Return a layer of graph attention with one head, before any activation, (nodes, outputs).

        Z = X W
        H = a Z + b            a: `attention_weights` of Z

    X: `x`, (nodes, inputs). W: `weight`, (inputs, outputs). b: `bias`, (outputs,). receiver, sender: (outputs,).
    """
    # BEGIN SOLUTION
    z = x @ weight
    return attention_weights(adjacency, z, receiver, sender) @ z + bias
    # END SOLUTION


def batch_graphs(x: Tensor, adjacency: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Turn a batch of graphs of different sizes into one graph, in which no edge joins two of them.

    Tensors of a batch have one shape, so small graphs come with rows of padding behind their nodes:

    x: (graphs, longest, features). Of graph g, the first sizes[g] rows are nodes. What stands behind them is no node.
    adjacency: (graphs, longest, longest). The same holds for its rows and columns.
    sizes: int64 (graphs,), each at least 1.

    Returns three tensors without any padding; `nodes` is the sum of all sizes:

    - the features of all nodes, (nodes, features): first those of graph 0, then those of graph 1, and so on;
    - their adjacency matrix, (nodes, nodes): blocks along the diagonal, 0 elsewhere (`torch.block_diag`);
    - the graph of each node, int64 (nodes,), such as [0, 0, 0, 1, 1] for the sizes 3 and 2.

    Every layer above works on this one graph as it is.
    """
    # BEGIN SOLUTION
    is_node = torch.arange(x.shape[1], device=sizes.device) < sizes[:, None]  # (graphs, longest)
    blocks = [block[:size, :size] for block, size in zip(adjacency, sizes.tolist(), strict=True)]
    return x[is_node], torch.block_diag(*blocks), is_node.nonzero()[:, 0]
    # END SOLUTION


def readout(x: Tensor, graph_of: Tensor, graphs: int, how: str) -> Tensor:
    """Turn the features of nodes into features of graphs, (graphs, features).

    x: (nodes, features). graph_of: int64 (nodes,), the graph of each node, in any order. Every graph has a node.
    how: "sum", "mean" or "max" over the nodes of each graph. No constant is added to the number of nodes.
    """
    # BEGIN SOLUTION
    index = graph_of[:, None].expand_as(x)  # (nodes, features)
    reduction = {"sum": "sum", "mean": "mean", "max": "amax"}[how]
    return x.new_zeros(graphs, x.shape[1]).scatter_reduce(0, index, x, reduction, include_self=False)
    # END SOLUTION


class CommunityNet(Module):
    """Two layers of a graph network that tell the community of each node. This is complete.

    kind: "gat" or "gcn", which layer is used.
    features, hidden, communities: sizes of what it reads, of the layer in between, and of the logits.
    """

    def __init__(self, kind: str, features: int, hidden: int, communities: int) -> None:
        super().__init__()
        self.kind = kind
        sizes = [(features, hidden), (hidden, communities)]
        listening = sizes if kind == "gat" else []
        self.weights = ParameterList([torch.randn(inputs, outputs) * inputs**-0.5 for inputs, outputs in sizes])
        self.biases = ParameterList([torch.zeros(outputs) for _, outputs in sizes])
        self.receivers = ParameterList(
            [torch.zeros(outputs) for _, outputs in listening]
        )  # zeros: at first, all neighbours count the same
        self.senders = ParameterList([torch.zeros(outputs) for _, outputs in listening])

    def layer(self, number: int, adjacency: Tensor, x: Tensor) -> Tensor:
        """Return what layer 1 or layer 2 makes of x, (nodes, outputs)."""
        weight, bias = self.weights[number - 1], self.biases[number - 1]
        if self.kind == "gcn":
            return gcn_layer(adjacency, x, weight, bias)
        return gat_layer(adjacency, x, weight, self.receivers[number - 1], self.senders[number - 1], bias)

    def attention(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """Return the weights that each node gives to the other nodes in layer 1 of "gat", (nodes, nodes)."""
        return attention_weights(adjacency, x @ self.weights[0], self.receivers[0], self.senders[0])

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """Return logits, (nodes, communities). Dropout keeps few labels from being learned by heart."""
        hidden = elu(self.layer(1, adjacency, dropout(x, 0.5, self.training)))
        return self.layer(2, adjacency, dropout(hidden, 0.5, self.training))


def train_communities(model: CommunityNet, dataset: Dataset) -> None:
    """Train a model to tell the communities of a network of people, of which few labels are known.

    The graph is one batch: `DataLoader(dataset, batch_size=len(dataset))` gives a single dictionary in each pass.
    `batch["x"]`: float32 (200, 5). `batch["adjacency"]`: float32 (200, 200). `batch["y"]`: int64 (200,), the community,
    0 to 3, of 20 nodes, and UNKNOWN for all others. Only the 20 take part in the loss: `cross_entropy` has an
    argument `ignore_index`. The other 180 nodes take part by their edges and features.

    40 nodes are bots. They have edges to anyone, and their features are large and misleading.
    `dataset.get_validation_accuracy()` tells the share of 20 other people that are right. A pass takes milliseconds: a
    few hundred are fine. With a constant learning rate, a network ends with much worse weights now and then. A rate
    that falls to 0, such as `torch.optim.lr_scheduler.LinearLR` gives, makes this rarer.
    """
    # BEGIN SOLUTION
    passes = 200
    optimizer = Adam(model.parameters(), lr=0.02, weight_decay=1e-3)
    schedule = LinearLR(optimizer, 1, 0, total_iters=passes)
    loader = DataLoader(dataset, batch_size=len(dataset))
    for _ in range(passes):
        for batch in loader:
            optimizer.zero_grad()
            cross_entropy(model(batch["x"], batch["adjacency"]), batch["y"], ignore_index=UNKNOWN).backward()
            optimizer.step()
        schedule.step()
    # END SOLUTION


class MoleculeNet(Module):
    """Tells whether molecules are poisonous. Its layers are yours to choose.

    kinds: how many kinds of atoms there are, the width of x.

    The group that makes a molecule poisonous is a chain of four atoms. A layer carries what an atom knows one bond
    further. How many layers does it take until one output depends on the whole chain? A layer that has proved good:

        relu(X U + aggregate(A, X) W + b)             with the weights U and W and the bias b (two of `Linear`)

    U weights the atom's own features, W those of its neighbours. `gcn_layer` has one weight for both.
    """

    def __init__(self, kinds: int) -> None:
        super().__init__()
        # BEGIN SOLUTION
        sizes = [kinds, 32, 32, 32]
        self.own = torch.nn.ModuleList(map(Linear, sizes, sizes[1:]))
        self.heard = torch.nn.ModuleList(map(Linear, sizes, sizes[1:]))
        self.output = Linear(sizes[-1], 2)
        # END SOLUTION

    def forward(self, x: Tensor, adjacency: Tensor, sizes: Tensor) -> Tensor:
        """Return logits, (graphs, 2): at [g, 1] that molecule g is poisonous, at [g, 0] that it is not.

        x, adjacency, sizes: a padded batch of graphs, as `batch_graphs` reads it. A molecule's logits depend on no
        other molecule of the batch, and on no padding.
        """
        # BEGIN SOLUTION
        graphs = len(sizes)
        x, adjacency, graph_of = batch_graphs(x, adjacency, sizes)
        for own, heard in zip(self.own, self.heard, strict=True):
            x = relu(own(x) + heard(aggregate(adjacency, x, "sum")))  # (nodes, 32)
        return self.output(readout(x, graph_of, graphs, "max"))
        # END SOLUTION


def train_molecules(model: MoleculeNet, dataset: Dataset) -> None:
    """Train a model to tell poisonous molecules from others.

    Batches of a `DataLoader` are dictionaries. `batch["x"]`: float32 (batch, 15, 4), a 1 in each row at the kind of the
    atom: carbon, nitrogen, oxygen, chlorine. `batch["adjacency"]`: float32 (batch, 15, 15), the bonds.
    `batch["sizes"]`: int64 (batch,), how many atoms, 9 to 15. `batch["y"]`: int64 (batch,), 1 if the molecule is
    poisonous, otherwise 0. There are 1,600 molecules.

    `dataset.get_validation_accuracy()` tells the share of other molecules that are right, from 0 to 1. Chance is 0.5.
    """
    # BEGIN SOLUTION
    optimizer = Adam(model.parameters(), lr=0.005)
    for epoch in range(10):
        if epoch == 7:
            optimizer.param_groups[0]["lr"] = 0.001  # small steps at the end: the last batches decide little
        for batch in DataLoader(dataset, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            cross_entropy(model(batch["x"], batch["adjacency"], batch["sizes"]), batch["y"]).backward()
            optimizer.step()
    # END SOLUTION
