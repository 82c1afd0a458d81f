"""Elective 5: the numpy reference is torch's, pictures draw whatever comes, odd answers are named, memory is real."""

from __future__ import annotations

import dataclasses
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import data as datasets
from pictures.windows.live import Live
from staff.solutions.electives import recurrent
from test_cases.e5 import backwards, checks, mistakes, reference
from test_cases.e5.public import data, flow, picture, probes
from test_cases.e5.public.charts import Reach
from test_cases.e5.public.dataset import MemoryDataset
from tests.support import elective, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e5.public.picture"
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
BATCH, TIME, INPUTS, UNITS = 3, 7, 4, 5


def torch_layer(kind: str, **settings: Any) -> Any:
    torch.manual_seed(1)
    return LAYERS[kind](INPUTS, UNITS, batch_first=True, dtype=torch.float64, **settings)


def weights_of(layer: Any, suffix: str = "") -> list[np.ndarray]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(layer, f"{name}_l0{suffix}").detach().numpy() for name in names]


def first_states(kind: str, random: np.random.Generator, directions: int = 1) -> tuple[list[Any], Any]:
    """States for the reference, one for each direction, and the same for torch's layer."""
    parts = random.standard_normal((2 if kind == "lstm" else 1, directions, BATCH, UNITS))
    tensors = tuple(torch.from_numpy(part) for part in parts)
    if kind == "lstm":
        return [(parts[0, way], parts[1, way]) for way in range(directions)], tensors
    return list(parts[0]), tensors[0]


@pytest.mark.parametrize("kind", reference.CELLS)
def test_the_reference_unrolls_as_torch_does(kind):
    random = np.random.default_rng(0)
    layer, inputs = torch_layer(kind), random.standard_normal((BATCH, TIME, INPUTS))
    (state,), tensors = first_states(kind, random)
    right, last = layer(torch.from_numpy(inputs), tensors)
    outputs, found = reference.run_through(reference.CELLS[kind], inputs, state, weights_of(layer))
    np.testing.assert_allclose(outputs, right.detach().numpy(), rtol=0, atol=1e-13)
    for part, wanted in zip(found if kind == "lstm" else [found], last if kind == "lstm" else [last], strict=True):
        np.testing.assert_allclose(part, wanted[0].detach().numpy(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", reference.CELLS)
def test_the_reference_reads_both_directions_as_torch_does(kind):
    random = np.random.default_rng(0)
    layer, inputs = torch_layer(kind, bidirectional=True), random.standard_normal((BATCH, TIME, INPUTS))
    states, tensors = first_states(kind, random, directions=2)
    right = layer(torch.from_numpy(inputs), tensors)[0].detach().numpy()
    weights = [weights_of(layer), weights_of(layer, "_reverse")]
    found = reference.bidirectional(reference.CELLS[kind], inputs, states, weights)
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", reference.CELLS)
def test_the_counts_are_those_of_torchs_layers_and_as_1_to_3_to_4(kind):
    count = sum(parameter.numel() for parameter in torch_layer(kind).parameters())
    counts = reference.parameter_counts(INPUTS, UNITS)
    assert counts[kind] == count == {"rnn": 1, "gru": 3, "lstm": 4}[kind] * counts["rnn"]


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_the_reference_clips_as_torch_does(limit):
    gradients = [np.random.default_rng(0).standard_normal(shape) for shape in ((3, 4), (5,))]
    parameters = [nn.Parameter(torch.zeros(gradient.shape, dtype=torch.float64)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.from_numpy(gradient.copy())
    norm = nn.utils.clip_grad_norm_(parameters, limit)
    found, found_norm = reference.clip_gradients(gradients, limit)
    assert found_norm == pytest.approx(norm.item(), rel=1e-12)
    for one, parameter in zip(found, parameters, strict=True):
        np.testing.assert_allclose(one, parameter.grad.numpy(), rtol=2e-6)  # torch adds 1e-6 to the norm


def test_the_cell_of_the_probes_is_that_of_the_mistakes():
    random = np.random.default_rng(0)
    weights, inputs = checks._weights(random, "rnn"), checks._inputs(random)
    parts = random.standard_normal((2, checks.BATCH, checks.UNITS))
    tensors = [torch.from_numpy(weight) for weight in weights]
    for count in (1, 2):
        state = parts[0] if count == 1 else tuple(parts)
        given = [torch.from_numpy(part) for part in parts[:count]]
        outputs, _ = probes.unrolled(recurrent.unroll, torch.from_numpy(inputs), given, tensors)["answer"]
        np.testing.assert_allclose(
            mistakes.unrolled(inputs, state, weights), outputs.detach().numpy(), rtol=0, atol=1e-13
        )


@pytest.mark.parametrize("kind", reference.CELLS)
def test_a_mistake_in_a_cell_is_recognised_in_no_other_mistakes_answer(kind):
    random = np.random.default_rng(3)
    weights, x = checks._weights(random, kind), random.standard_normal((BATCH, INPUTS))
    parts = list(random.standard_normal((2 if kind == "lstm" else 1, BATCH, UNITS)))
    for wrong, explanation in {**mistakes.IN_ALL, **mistakes.EXPLANATIONS[kind]}.items():
        found = mistakes.CELLS[kind](x, parts, weights, wrong)
        assert mistakes.of_cell(kind, found, x, parts, weights) == explanation, wrong


def test_a_mistake_around_a_cell_is_recognised_in_no_other_mistakes_answer():
    random = np.random.default_rng(4)
    inputs, weights = checks._inputs(random), [checks._weights(random, "rnn") for _ in range(2)]
    states = [tuple(random.standard_normal((2, checks.BATCH, checks.UNITS))) for _ in range(2)]
    for wrong, explanation in mistakes.IN_UNROLL.items():
        found = mistakes.unrolled(inputs, states[0], weights[0], wrong)
        assert mistakes.of_unroll([((inputs, states[0], weights[0]), found)]) == explanation, wrong
    for wrong, explanation in mistakes.IN_BIDIRECTIONAL.items():
        found = mistakes.both_directions(inputs, states, weights, wrong)
        assert mistakes.of_bidirectional(found, inputs, states, weights) == explanation, wrong
    gradients = [random.standard_normal(shape) for shape in ((3, 4), (5,))]
    norm = reference.clip_gradients(gradients, 1.0)[1]
    for wrong, explanation in mistakes.IN_CLIPPING.items():
        given = [(gradients, 0.4 * norm), (gradients, 2.5 * norm), (gradients, 0.05 * norm)]
        assert mistakes.of_clipping([(one, mistakes.clipped(*one, wrong)) for one in given]) == explanation, wrong


def test_the_gradients_of_the_picture_are_those_of_a_shift_of_the_state():
    """Against finite differences: the loss with a little added to the hidden state after a step."""
    torch.manual_seed(0)
    model = recurrent.SequenceClassifier("gru", 3, 2, 4).double()
    x, y = torch.randn(1, 5, 3, dtype=torch.float64), torch.tensor([2])
    found, small = flow.gradient_sizes(model, x, y), 1e-6
    for step in range(5):
        slopes = []
        for unit in range(2):
            losses = []
            for shift in (small, -small):
                state = model.first_state(1)
                for number, one in enumerate(x.unbind(1)):
                    state = model.cell(one, state, *model.weights).detach()
                    if number == step:
                        state[0, unit] += shift
                losses.append(nn.functional.cross_entropy(model.output(state), y).item())
            slopes.append((losses[0] - losses[1]) / (2 * small))
        assert found[step].item() == pytest.approx(np.hypot(*slopes), rel=1e-6)


@pytest.mark.parametrize("kind", picture.NAMES)
def test_the_graders_gradients_and_gates_are_those_of_a_model_of_torch(kind):
    torch.manual_seed(1)
    model = recurrent.SequenceClassifier(kind, 3, 5, 4).double()
    x, y = torch.randn(2, 7, 3, dtype=torch.float64), torch.tensor([2, 0])
    parameters = {name: parameter.detach().numpy() for name, parameter in model.named_parameters()}
    found = backwards.gradient_sizes(kind, parameters, x.numpy(), y.numpy())
    np.testing.assert_allclose(found, flow.gradient_sizes(model, x, y).numpy(), rtol=1e-10)
    found = backwards.gates(kind, parameters, x[:1].numpy())
    np.testing.assert_allclose(found, flow.gates(model, x[:1]).numpy(), atol=1e-12)


def splits() -> datasets.Splits:
    return datasets.Library(seed=0).load(checks.DATA)


def test_the_symbol_is_in_the_first_step_and_noise_in_the_later_ones():
    found = splits()
    assert {name: len(getattr(found, name)) for name in data.COUNTS} == data.COUNTS
    x, y = found.test.x, found.test.y
    np.testing.assert_array_equal(x[:, 0], np.eye(data.INPUTS)[y])
    assert not x[:, 1:, : data.SYMBOLS].any()
    assert x[:, 1:, data.SYMBOLS :].std() == pytest.approx(data.NOISE, rel=0.01)
    assert np.bincount(y).min() > 200
    hidden = data.draw_hidden_test(0)
    assert hidden.x.shape == x.shape
    assert not np.array_equal(hidden.y, y)


@pytest.fixture(scope="module")
def states() -> dict[str, picture.State]:
    """Of untrained cells."""
    found = {}
    for kind in picture.NAMES:
        torch.manual_seed(0)
        model = recurrent.SequenceClassifier(kind, data.INPUTS, 16, data.SYMBOLS)
        found[kind] = picture.Reader(MemoryDataset(model, datasets.training_arrays(splits()))).read()
    return found


def test_the_pictures_of_all_cells_draw(states):
    pictures = [drawn(PICTURE, state) for state in states.values()]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert len({one.tobytes() for one in pictures}) == 3
    assert states["lstm"].caption.startswith("LSTM  ·  first symbol right in ")
    assert [len(state.gates) for state in states.values()] == [len(picture.GATES[kind]) for kind in states]


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e30])
@pytest.mark.filterwarnings("error")
def test_gradients_that_are_gone_or_without_bound_can_be_drawn(states, value):
    for state in states.values():
        now = np.full_like(state.now, value)
        odd = dataclasses.replace(state, now=now, gates=np.full_like(state.gates, value))
        assert drawn(PICTURE, odd).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    for state in states.values():
        back = carried(state)
        assert (back.kind, back.accuracy) == (state.kind, state.accuracy)
        np.testing.assert_array_equal(back.now, state.now)


def test_the_charts_of_the_report_draw(states):
    (panel,) = Reach({kind: state.now for kind, state in states.items()}).panels()
    figure_of(panel)
    assert "plain cell" in panel.alt
    for kind, state in states.items():
        (window,) = picture.Memory(kind, 0.5, state.plain, state.before, state.now, state.gates).panels()
        assert window.state.accuracy == 0.5


def trained(live: Live | None) -> list[torch.Tensor]:
    """Parameters after a short training, with a window or without."""
    torch.manual_seed(0)
    model = recurrent.SequenceClassifier("lstm", data.INPUTS, 8, data.SYMBOLS)
    arrays = {name: array[:128] for name, array in datasets.training_arrays(splits()).items()}
    dataset = MemoryDataset(model, arrays)
    with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
        recurrent.train_memory(model, dataset)
    return [parameter.detach() for parameter in model.parameters()]


def test_the_live_window_follows_training_and_changes_no_weight():
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = trained(Live("e5 Recurrent cells", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(None), strict=True))
    states = opener.windows[0].states
    assert len(states) > 2
    assert all(np.array_equal(state.before, states[0].now) for state in states)
    assert not np.array_equal(states[-1].now, states[0].now)


submission = partial(elective, "recurrent")
LSTM_RETURN = "return sigmoid(show) * tanh(cell), cell"


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ('return {"rnn": of_one_gate', 'return of_one_gate\n    return {"rnn": of_one_gate', "parameter_counts", "got an int"),
        ("return tanh(", "return None\n    return tanh(", "rnn_cell", "got None (is a return missing?)"),
        ("return tanh(", "x.add_(1)\n    return tanh(", "rnn_cell", "changed one of its arguments in place"),
        (LSTM_RETURN, "return sigmoid(show) * tanh(cell), cell[0]", "lstm_cell", "each of shape (3, 5); got (5,)"),
        ("return stack(outputs, dim=1), state", "return stack(outputs, dim=1)", "unroll", "should return two things"),
        ("return stack(outputs, dim=1), state", "return stack(outputs, dim=1), inputs", "unroll", "each of shape (3, 5)"),
        ("return norm\n", "return None\n", "clip_gradients", "got None"),
        ("return norm\n", "parameters = list(parameters)\n    return norm * 2\n", "clip_gradients", "the norm before clipping"),
        ("    return input_weight, hidden_weight, input_bias, hidden_bias\n    # END", "    return input_weight.T, hidden_weight, input_bias, hidden_bias\n    # END", "reach", "initial_weights"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, old, new, check, message):
    run = graded(submission(tmp_path, (old, new)), only("e5", check))
    assert message in run.check("e5", check)["message"]


def test_a_wrong_norm_beside_right_gradients_is_no_sign_of_a_second_loop(graded, tmp_path):
    run = graded(
        submission(tmp_path, ("return norm\n", "return min(norm, largest_norm)\n")), only("e5", "clip_gradients")
    )
    message = run.check("e5", "clip_gradients")["message"]
    assert "the norm before clipping" in message
    assert "second loop" not in message


def test_a_model_that_looks_at_the_first_step_is_worth_nothing(graded, tmp_path):
    """The grader computes answers from the weights: a forward that remembers nothing forges none."""
    old = "return self.output(outputs[:, -1])"
    run = graded(submission(tmp_path, (old, "return 9 * x[:, 0, :4] + 0 * self.output(outputs[:, -1])")), "e5")
    assert "Was the class changed?" in run.check("e5", "reach")["message"]
    assert run.question("e5")["score"] == 2.75


@pytest.mark.parametrize(
    "change",
    [
        ("return self.input_weight, self.hidden_weight, self.input_bias, self.hidden_bias", "return tuple(5 * torch.eye(len(each), each.shape[1]) if each.dim() == 2 else each for each in self._parameters.values())"),
        ("self.cell = cells[kind]", "self.cell = lambda x, state, *weights: tuple(each + 0.01 * x.sum() for each in state) if isinstance(state, tuple) else state + 0.01 * x.sum()"),
    ],
    ids=["other weights", "another cell"],
)  # fmt: skip
def test_gradients_of_another_cell_give_no_point(graded, tmp_path, change):
    """The grader computes how far gradients reach from the weights: the gates are half open here."""
    run = graded(submission(tmp_path, change, ("] += 5.0", "] += 0.0")), only("e5", "reach"))
    assert (
        "Which of the biases that initial_weights returns brings it close to 1?" in run.check("e5", "reach")["message"]
    )


def test_inputs_differ_from_seed_to_seed():
    one, other = (datasets.Library(seed=seed).load(checks.DATA).train.x for seed in (0, 1))
    assert not np.array_equal(one, other)
    first, second = (checks._random(SimpleNamespace(seed=seed), 1).random() for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize(("share", "is_told"), [(0.26, False), (0.49, True), (0.76, True), (0.95, False)])
def test_a_cell_that_takes_some_symbols_for_others_is_told_that_training_stands_still_there(share, is_told):
    assert ("stands still there" in checks._shown_by(share)) is is_told
