"""Elective 11: the numpy reference is torch's, mistakes are told apart, pictures draw, odd answers are named."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import data as datasets
from grading.checks import variants
from pictures.windows.live import Live
from staff.solutions.electives import graphs
from test_cases.e11 import checks, exact, mistakes, reference
from test_cases.e11.public import communities, layout, molecules, picture, saliency
from test_cases.e11.public.dataset import dataset_of
from tests.support import SOLUTIONS, elective, only
from tests.windows import Keeping, Opener, carried, drawn

PICTURE = "test_cases.e11.public.picture"
SOURCE = (SOLUTIONS / "electives" / "graphs.py").read_text(encoding="utf-8")
NODES, INPUTS, OUTPUTS = exact.NODES, exact.INPUTS, exact.OUTPUTS


def questions(seed: int = 0) -> dict[str, tuple[Any, ...]]:
    """Arguments of each exact function, those of a graph without a lonely node."""
    random = np.random.default_rng(seed)
    table, x = exact.table(random), random.standard_normal((NODES, INPUTS))
    weight, receiver, sender, bias = (
        random.standard_normal(shape) for shape in ((INPUTS, OUTPUTS), OUTPUTS, OUTPUTS, OUTPUTS)
    )
    x[:, 0] = -np.abs(x[:, 0])
    edges = np.argwhere(np.triu(table, 1))
    owners = random.permutation([0, 0, 0, 1, 2, 2, 2])
    return {
        "adjacency": (np.concatenate([edges, edges[:1], edges[1:2, ::-1]]), NODES),
        "aggregate": (table, x, "max"),
        "gcn_layer": (table, x, weight, bias),
        "attention_weights": (table, x @ weight, receiver, sender),
        "gat_layer": (table, x, weight, receiver, sender, bias),
        "readout": (x, owners, 3, "max"),
    }


def torchs(arguments: tuple[Any, ...]) -> list[Any]:
    return [torch.from_numpy(each.copy()) if isinstance(each, np.ndarray) else each for each in arguments]


@pytest.mark.parametrize("name", questions())
def test_the_reference_is_torchs_answer(name):
    for how in reference.WAYS if name in ("aggregate", "readout") else ("",):
        for lonely in (False, True):
            arguments = list(questions()[name])
            if lonely and name not in ("adjacency", "readout"):
                arguments[0] = exact.table(np.random.default_rng(5), isolated=True)
            if how:
                arguments[-1] = how
            right = getattr(graphs, name)(*torchs(tuple(arguments)))
            np.testing.assert_allclose(getattr(reference, name)(*arguments), right.numpy(), rtol=0, atol=1e-13)


def test_graph_attention_over_a_complete_graph_is_torchs_softmax_over_all_nodes():
    random = np.random.default_rng(2)
    table = np.ones((NODES, NODES)) - np.eye(NODES)
    z, receiver, sender = (random.standard_normal(shape) for shape in ((NODES, OUTPUTS), OUTPUTS, OUTPUTS))
    scores = nn.LeakyReLU(0.2)(torch.from_numpy((z @ receiver)[:, None] + z @ sender))
    found = reference.attention_weights(table, z, receiver, sender)
    np.testing.assert_allclose(found, scores.softmax(dim=1).numpy(), rtol=0, atol=1e-13)


def test_batches_are_blocks_without_padding():
    sizes = (3, 1, 5)
    x, tables = exact.padded(np.random.default_rng(0), sizes)
    found = graphs.batch_graphs(*torchs((x, tables, np.array(sizes))))
    for one, other in zip(found, reference.batch_graphs(x, tables, sizes), strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_the_reference_computes_the_logits_of_a_whole_net(kind):
    torch.manual_seed(0)
    network = communities.draw_hidden_test(0)
    model = graphs.CommunityNet(kind, communities.FEATURES, 16, communities.COMMUNITIES).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) / 4)
        right = model(torch.from_numpy(network.x), torch.from_numpy(network.adjacency).float())
    parameters = {name: parameter.detach().numpy() for name, parameter in model.named_parameters()}
    found = reference.community_logits(kind, parameters, network.x, network.adjacency.astype(np.float64))
    np.testing.assert_allclose(found, right.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", mistakes.FUNCTIONS)
def test_a_mistake_is_recognised_in_no_other_mistakes_answer(name):
    function, explanations = mistakes.FUNCTIONS[name]
    for wrong, told in explanations.items():
        given = questions(3)[name]
        ways = reference.WAYS if name in ("aggregate", "readout") else (None,)
        asked = [(*given[:-1], how) if how else given for how in ways]
        probes = [(each, np.array(function(*each, wrong=wrong))) for each in asked]
        assert mistakes.explanation(name, probes) == told, wrong


def test_nan_is_blamed_on_a_lonely_node_or_an_overflow_only_where_there_is_one():
    random = np.random.default_rng(6)
    for is_isolated in (False, True):
        table, x = exact.table(random, is_isolated), random.standard_normal((exact.NODES, exact.INPUTS))
        z, near = random.standard_normal((exact.NODES, exact.OUTPUTS)), random.standard_normal((2, exact.OUTPUTS))
        given = {"aggregate": (table, x, "max"), "gcn_layer": (table, x), "attention_weights": (table, z, *near)}
        for name, arguments in given.items():
            told = mistakes.explanation(name, [(arguments, np.full(3, np.nan))], "3 of 3 numbers are NaN or infinite")
            assert told == (mistakes.NO_NEIGHBOUR[name] if is_isolated else "")
        far = (table, z, near[0], 1e4 * near[1])
        assert mistakes.explanation("attention_weights", [(far, np.full(3, np.nan))], "NaN") == mistakes.OVERFLOW


def test_numbers_that_went_through_float32_are_told():
    given = questions()["gcn_layer"]
    found = reference.gcn_layer(*given).astype(np.float32).astype(np.float64)
    assert mistakes.explanation("gcn_layer", [(given, found)]) == variants.FLOAT32


@pytest.mark.parametrize("name", ["aggregate", "gcn_layer", "gat_layer"])
def test_renumbering_the_nodes_renumbers_the_outputs(name):
    table, *others = questions()[name]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(NODES)
        x, *more = others
        before = getattr(graphs, name)(*torchs((table, x, *more)))
        after = getattr(graphs, name)(*torchs((table[order][:, order], x[order], *more)))
        np.testing.assert_allclose(after.numpy(), before.numpy()[order], rtol=0, atol=1e-13)


def test_a_batch_of_some_nodes_is_their_graph():
    network = communities.training_splits(communities.draw_hidden_test(0))
    dataset = dataset_of(None, datasets.training_arrays(network))
    batch = dataset.__getitems__([5, 2, 9])
    order = [5, 2, 9]
    np.testing.assert_array_equal(batch.columns["adjacency"], network.train.adjacency[order][:, order])
    np.testing.assert_array_equal(batch.columns["x"], network.train.x[order])


def of_network(kind: str = "gat") -> Any:
    torch.manual_seed(0)
    model = graphs.CommunityNet(kind, communities.FEATURES, 16, communities.COMMUNITIES)
    splits = communities.training_splits(communities.draw_hidden_test(0))
    return dataset_of(model, datasets.training_arrays(splits))


def of_molecules(splits: datasets.Splits, rows: int = 1600) -> Any:
    torch.manual_seed(0)
    arrays = datasets.training_arrays(splits)
    arrays = {name: part[:rows] if name.startswith("train") else part for name, part in arrays.items()}
    return dataset_of(graphs.MoleculeNet(len(molecules.KINDS)), arrays)


@pytest.fixture(scope="module")
def chemistry() -> datasets.Splits:
    return datasets.Library(seed=0).load(checks.MOLECULES)


@pytest.fixture(scope="module")
def states(chemistry) -> dict[str, picture.State]:
    """Of untrained nets."""
    found = {}
    for name, dataset in {"gat": of_network(), "gcn": of_network("gcn"), "molecules": of_molecules(chemistry)}.items():
        dataset.model.eval()
        with torch.no_grad():
            found[name] = picture.Reader(dataset).read()
    return found


def test_the_pictures_of_all_nets_draw(states):
    pictures = [drawn(PICTURE, state) for state in states.values()]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert len({one.tobytes() for one in pictures}) == 3
    assert states["gat"].caption.startswith("graph attention  ·  ")
    assert "counting atoms gives 50%" in states["molecules"].caption
    assert states["gat"].marks.tolist().count(2) == communities.BOTS
    np.testing.assert_allclose(states["gat"].strengths, 1.0, atol=1e-5)  # at first, all neighbours count the same


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e30])
@pytest.mark.filterwarnings("error")
def test_numbers_that_are_gone_or_without_bound_can_be_drawn(states, value):
    network = communities.draw_hidden_test(0)
    weights, logits = np.full((200, 200), value), np.full((200, 4), value)
    odd = picture.Listening.of("gat", 0.25, network, weights, logits).state
    assert drawn(PICTURE, odd).shape == (480, 640, 3)
    odd = dataclasses.replace(states["molecules"], certainties=np.full_like(states["molecules"].certainties, value))
    assert drawn(PICTURE, odd).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    for state in states.values():
        back = carried(state)
        assert (back.kind, back.accuracy) == (state.kind, state.accuracy)
        np.testing.assert_array_equal(back.points, state.points)


def test_the_report_shows_the_states_of_the_window(states, chemistry):
    network = communities.draw_hidden_test(0)
    table = network.adjacency + np.eye(200)
    exhibit = picture.Listening.of("gat", 0.5, network, table / table.sum(axis=1, keepdims=True), np.zeros((200, 4)))
    (panel,) = exhibit.panels()
    assert "People give them 100% of the weight" in panel.caption
    few = datasets.Split(**{name: array[:6] for name, array in chemistry.validation.arrays.items()})
    (panel,) = picture.Poison.of(0.5, few, np.full(6, 0.5), np.zeros(few.x.shape)).panels()
    assert panel.state.truths.tolist() == [1, 0, 1, 0, 1, 0]


def test_atoms_of_a_molecule_are_drawn_a_bond_apart(chemistry):
    for table, size in zip(chemistry.validation.adjacency[:20], chemistry.validation.sizes[:20], strict=True):
        bonds = table[:size, :size]
        points = layout.stress(bonds)
        apart = np.linalg.norm(points[:, None] - points, axis=2)
        assert 0.5 < apart[bonds > 0].min() <= apart[bonds > 0].max() < 1.5
        assert apart[~np.eye(size, dtype=bool)].min() > 0.3


def test_the_glow_is_the_gradient_of_the_belief(chemistry):
    dataset = of_molecules(chemistry)
    x, table, sizes = dataset.validation_x[:2], dataset.validation_adjacency[:2], dataset.validation_sizes[:2]
    beliefs, influence = saliency.beliefs(dataset.model, x, table, sizes)
    small, slopes = 1e-3, []
    for kind in range(4):
        margins = []
        for step in (small, -small):
            moved = x.clone()
            moved[1, 0, kind] += step
            with torch.no_grad():
                logits = dataset.model.double()(moved.double(), table.double(), sizes)
            margins.append((logits[1, 1] - logits[1, 0]).item())
        slopes.append((margins[0] - margins[1]) / (2 * small))
    assert influence[1, 0].item() == pytest.approx(np.linalg.norm(slopes), rel=1e-2)
    assert beliefs.shape == (2,)


@pytest.mark.parametrize("task", ["communities", "molecules"])
def test_the_live_window_follows_training_and_changes_no_weight(task, chemistry):
    def trained(live: Live | None) -> list[torch.Tensor]:
        dataset = of_network("gcn") if task == "communities" else of_molecules(chemistry, 128)
        with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
            getattr(graphs, f"train_{task}")(dataset.model, dataset)
        return [parameter.detach() for parameter in dataset.model.parameters()]

    opener, ticks = Opener(Keeping), iter(range(10**9))
    watched = trained(Live("e11 Graph networks", opener, clock=lambda: next(ticks) / 100))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(None), strict=True))
    states = opener.windows[0].states
    assert len(states) > 2
    assert not np.array_equal(states[-1].certainties, states[0].certainties)


submission = partial(elective, "graphs")
NO_TRAINING = (("passes = 200", "passes = 0"), ("range(10)", "range(0)"))
BATCHED = "return x[is_node], torch.block_diag(*blocks), is_node.nonzero()[:, 0]"
AGGREGATED = '    if how == "max":'
GCN = "return (scale[:, None] * with_loops * scale) @"


NETS = "        return self.layer(2, adjacency, dropout(hidden, 0.5, self.training))"
SUBMISSIONS: list[list[tuple[str, str, str, str]]] = [  # what is replaced by what, the check that is lost, its message
    [
        ("return matrix\n", "return None\n", "adjacency", "got None (is a return missing?)"),
        (AGGREGATED, f"    x += 1\n{AGGREGATED}", "aggregate", "changed one of its arguments in place"),
        (GCN, f"return bias\n    {GCN}", "gcn_layer", "of shape (7, 3); got (3,)"),
        (BATCHED, "return x[is_node]", "batch_graphs", "three tensors; got"),
    ],
    [
        ("return matrix\n", "return matrix[0]\n", "adjacency", "a tensor of shape (7, 7); got (7,)"),
        (GCN, "x = x.float().double()\n    " + GCN, "gcn_layer", "turned into float32"),
        (BATCHED, BATCHED.replace("[:, 0]", "[:, 0].double()"), "batch_graphs", "in whole numbers"),
    ],
    [
        ("return self.output(readout(", "return self.output(x)\n        return self.output(readout(", "renumbering", "of shape (5, 2)"),
        # the grader computes answers from the weights: a forward that knows the communities forges none
        (NETS, NETS.replace("return ", "return 9 + 0 * "), "communities", "Was the class changed?"),
    ],
]  # fmt: skip


@pytest.mark.parametrize("replaced", SUBMISSIONS)
def test_odd_answers_are_named(graded, tmp_path, replaced):
    changes = [(old, new) for old, new, _, _ in replaced]
    run = graded(submission(tmp_path, *changes, *NO_TRAINING), only("e11", *(check for _, _, check, _ in replaced)))
    for _, _, check, message in replaced:
        assert message in run.check("e11", check)["message"]


@pytest.mark.parametrize("layers", ["[kinds, 32]", "[kinds, 32, 32]"])
def test_a_net_of_one_layer_is_near_sighted_and_one_of_two_layers_is_not(layers):
    from test_cases.e11 import trained

    torch.manual_seed(0)
    namespace: dict[str, Any] = {}
    exec(SOURCE.replace("[kinds, 32, 32, 32]", layers), namespace)
    model = namespace["MoleculeNet"](4)

    def call(*arrays: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(*map(torch.from_numpy, arrays)).numpy()

    assert bool(trained.near_sighted(call)) == (layers == "[kinds, 32]")
