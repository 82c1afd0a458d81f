"""The datasets: batches as the hand-out promises, and validation that leaves no trace."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import _global_forward_pre_hooks, _global_parameter_registration_hooks
from torch.optim.optimizer import _global_optimizer_post_hooks
from torch.utils.data import DataLoader

import backend
from grading.child import watch
from test_cases.e3.public.dataset import MislabelledDigits
from test_cases.e4.public.dataset import DigitImages
from test_cases.e7.public.dataset import SentencePairs
from test_cases.e9.public.dataset import Images
from tests.datasets import LIBRARY, built


@pytest.mark.parametrize(
    ("name", "x_shape", "label_shape"),
    [
        ("points", (20, 3), (20, 1)),
        ("sine", (20, 1), (20, 1)),
        ("digits", (20, 784), (20, 10)),
        ("easy_digits", (20, 784), (20, 10)),
    ],
)
def test_a_batch_is_a_dictionary_of_float32(name, x_shape, label_shape):
    batch = next(iter(DataLoader(built(name), batch_size=20, shuffle=True)))
    assert set(batch) == {"x", "label"}
    assert batch["x"].shape == x_shape
    assert batch["label"].shape == label_shape
    assert batch["x"].dtype == batch["label"].dtype == torch.float32


@pytest.mark.parametrize("name", ["points", "sine", "digits", "easy_digits", "words"])
def test_fetching_together_equals_fetching_one_by_one(name):
    examples = built(name)
    indices = [3, len(examples) - 1, 0, 3]
    together = examples.__getitems__(indices)
    for position, index in enumerate(indices):
        item = examples[index]
        longest = together.columns["x"].shape[1] if name == "words" else 0
        padded = torch.cat([torch.zeros(longest - len(item["x"]), 47), item["x"]]) if name == "words" else item["x"]
        assert torch.equal(together[position]["x"], padded)
        assert torch.equal(together[position]["label"], item["label"])


@pytest.mark.parametrize("index", [-1, -2])
def test_an_index_from_the_end_is_fetched_alone_as_among_others(index):
    examples = built("sine")
    alone, among_others = examples.__getitems__([index]), examples.__getitems__([0, index])
    assert torch.equal(alone.columns["x"], among_others.columns["x"][1:])


def test_an_epoch_holds_every_example_once():
    examples = built("sine")
    seen = torch.cat([batch["x"] for batch in DataLoader(examples, batch_size=32, shuffle=True)])
    assert torch.equal(seen.flatten().sort().values, examples.x.flatten().sort().values)


def test_a_collate_function_of_the_students_own_receives_items():
    def collate(items):
        assert len(items) == 4
        return torch.stack([item["x"] for item in items]).sum(dim=1)

    loader = DataLoader(built("easy_digits"), batch_size=4, collate_fn=collate)
    assert next(iter(loader)).shape == (4,)


def test_loader_workers_and_unbatched_loading_work():
    examples = built("sine")
    assert next(iter(DataLoader(examples, batch_size=None)))["x"].shape == (1,)
    assert len(list(DataLoader(examples, batch_size=50, num_workers=1))) == 4


def test_pixels_lie_between_zero_and_one():
    x = next(iter(DataLoader(built("digits"), batch_size=256, shuffle=True)))["x"]
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() <= 1


@pytest.mark.parametrize("name", ["points", "sine", "digits", "easy_digits"])
def test_all_features_at_once_are_what_batches_hold(name):
    examples = built(name)
    rows = [0, 5, len(examples) - 1]
    assert examples.x.dtype == torch.float32
    assert torch.equal(examples.x[rows], examples.__getitems__(rows).columns["x"])
    assert examples.x is examples.x  # made once
    assert torch.nn.Linear(examples.x.shape[1], 1)(examples.x).shape == (len(examples), 1)


@pytest.mark.parametrize(("dataset", "shape"), [(DigitImages, (1, 28, 28)), (Images, (784,))])
def test_all_images_of_an_elective_at_once_are_what_batches_hold(dataset, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 784), dtype=np.uint8)
    examples = dataset(None, {"train_x": pixels, "train_y": np.arange(6)})
    assert examples.x.shape == (6, *shape)
    assert 0 <= examples.x.min() < examples.x.max() <= 1
    assert torch.equal(examples.x[[4, 1]], examples.__getitems__([4, 1]).columns["x"])


def test_batches_and_loader_workers_do_without_all_images_as_float():
    examples = built("digits")
    next(iter(DataLoader(examples, batch_size=20, shuffle=True)))
    assert examples._readable is None
    examples.x[:2]
    assert pickle.loads(pickle.dumps(examples))._readable is None


def test_features_that_a_solution_sets_itself_are_what_its_batches_hold():
    examples = built("easy_digits")
    order = torch.arange(len(examples)).flip(0)
    examples.x, examples.y = examples.x[order], examples.y[order]
    batch = examples.__getitems__([0, 1]).columns
    again = built("easy_digits").__getitems__([199, 198]).columns
    assert torch.equal(batch["x"], again["x"])
    assert torch.equal(batch["label"], again["label"])


@pytest.mark.parametrize("name", ["sine", "digits", "words"])
def test_a_slice_of_a_dataset_is_a_batch(name):
    examples = built(name)
    batch, fetched = examples[3:9:2], examples.__getitems__([3, 5, 7]).columns
    assert batch.keys() == fetched.keys()
    assert all(torch.equal(batch[part], fetched[part]) for part in batch)


def test_examples_of_a_slice_are_counted_as_handed_out():
    model = torch.nn.Linear(1, 1)
    examples = built("sine", model)
    with watch.training_stats(model, examples) as training_stats:
        examples[:30]
    assert (training_stats["fetched"], training_stats["largest_batch"]) == (30, 30)


@pytest.mark.parametrize(
    ("index", "error", "complaint"),
    [
        (200, IndexError, "there is no example 200; there are 200, numbered from 0"),
        (slice(200, 300), IndexError, r"no example lies in slice\(200, 300, None\); there are 200"),
        ([0, 1], TypeError, r"use a whole number or a slice, as in dataset\[0:32\]; got list"),
        (torch.tensor([0, 1]), TypeError, "got Tensor"),
        ("x", TypeError, "got str"),
    ],
)
def test_an_index_that_names_no_example_is_told(index, error, complaint):
    with pytest.raises(error, match=complaint):
        built("sine")[index]


@pytest.mark.parametrize(
    ("arrays", "given"),
    [({}, "nothing"), ({"validation_x": np.zeros(3)}, "validation_x"), ({"train_x": [1]}, "train_x")],
)
def test_arrays_without_a_training_split_are_refused(arrays, given):
    with pytest.raises(ValueError, match=f"needs an array named train_NAME, such as train_x; got {given}"):
        backend.ArrayDataset(None, arrays)


@pytest.mark.parametrize(
    "use",
    [
        lambda: built("points").outputs(torch.ones(1, 3)),
        lambda: built("points").get_validation_accuracy(),
        lambda: mislabelled(None).get_validation_loss(),
        lambda: sentence_pairs(None).get_validation_accuracy(),
    ],
)
def test_a_dataset_without_a_model_says_so_where_one_is_needed(use):
    with pytest.raises(ValueError, match="was made without a model; pass the model when you make it"):
        use()


def test_words_of_a_batch_end_at_the_last_letter_and_are_no_longer_than_needed():
    examples = built("words")
    assert isinstance(examples, backend.LanguageIDDataset)
    short, long = 0, len(examples) - 1
    batch = examples.__getitems__([short, long])
    letters = batch.columns["x"].sum(dim=2)  # (batch, length): 1 where there is a letter
    assert torch.all(letters[:, -1] == 1)
    assert letters[0].sum() < letters[1].sum() == batch.columns["x"].shape[1]
    assert torch.all(letters.diff(dim=1) >= 0)  # zeros come first


def test_the_word_dataset_offers_what_existing_solutions_use():
    examples = built("words")
    start, end = examples.train_buckets[3]
    rows = examples.train_x[start:end]
    lengths = (rows >= 0).sum(axis=1)
    assert np.all(lengths == lengths[0])
    x, y = examples._encode(rows, examples.train_y[start:end])
    assert x.shape == (lengths[0], end - start, 47)
    assert y.shape == (end - start, 5)
    word = "".join(examples.chars[letter] for letter in rows[0] if letter >= 0)
    assert "".join(examples.chars[i] for i in x[:, 0].argmax(dim=1)) == word
    assert examples.language_codes[:2] == ["en", "es"]
    assert (examples.train_buckets[0, 0], examples.train_buckets[-1, 1]) == (0, len(examples))


class Drawing(torch.nn.Module):
    """Draws random numbers in its forward pass and has one part in evaluation mode while training."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(784, 10)
        self.frozen = torch.nn.Dropout(0.5)
        self.frozen.eval()

    def forward(self, x):
        random.random()
        np.random.rand()
        return self.layer(self.frozen(x)) + 0 * torch.rand(1)


def test_validation_leaves_modes_gradients_and_random_states_alone():
    model = Drawing()
    examples = built("digits", model)
    model.layer.weight.grad = torch.ones_like(model.layer.weight)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    accuracy = examples.get_validation_accuracy()
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert (model.training, model.frozen.training) == (True, False)
    assert torch.equal(model.layer.weight.grad, torch.ones_like(model.layer.weight))
    assert 0 <= accuracy <= 1


class Switching(Drawing):
    """Puts a part of itself into training mode whenever it is called."""

    def forward(self, x):
        self.train()
        return super().forward(x)


def test_a_mode_that_the_model_changes_while_it_is_validated_is_as_before_afterwards():
    model = Switching()
    built("digits", model).get_validation_accuracy()
    assert [module.training for module in model.modules()] == [True, True, False]


class Keeping(torch.nn.Module):
    """Makes a tensor in its first forward pass, and keeps it."""

    def __init__(self, *layers: torch.nn.Module) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x, *others):
        if not hasattr(self, "scale"):
            self.scale = torch.full((1,), 2.0)
        return self.layers(x) * self.scale


SENTENCES = np.array([[4, 5, 1], [5, 1, 0]])


@pytest.mark.parametrize(
    ("validate", "inputs"),
    [
        (lambda model: built("digits", model).get_validation_accuracy(), torch.ones(1, 784)),
        (lambda model: mislabelled(model).get_validation_loss(), torch.ones(1, 784)),
        (lambda model: sentence_pairs(model).get_validation_accuracy(), torch.tensor([[4, 5]])),
    ],
)
def test_a_tensor_that_a_model_keeps_from_validation_serves_the_next_backward_pass(validate, inputs):
    layer = torch.nn.Embedding(9, 9) if inputs.dtype == torch.int64 else torch.nn.Linear(784, 10)
    model = Keeping(layer)
    validate(model)
    model(inputs).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.any()


def mislabelled(model: torch.nn.Module | None) -> MislabelledDigits:
    rows = {"x": np.zeros((5, 784), np.float32), "y": np.arange(5)}
    return MislabelledDigits(
        model, {f"{split}_{name}": rows[name] for split in ("train", "validation") for name in rows}
    )


def sentence_pairs(model: torch.nn.Module | None) -> SentencePairs:
    names = ("train_source", "train_target", "validation_source", "validation_target", "validation_alignment")
    return SentencePairs(model, dict.fromkeys(names, SENTENCES))


def test_validation_accuracy_is_the_share_of_right_answers():
    class Constant(torch.nn.Module):
        def forward(self, x):
            return torch.eye(10)[3].expand(len(x), 10)

    validation = LIBRARY.load("digits").validation
    accuracy = built("digits", Constant()).get_validation_accuracy()
    assert accuracy == pytest.approx((validation.y == 3).mean())


def test_the_regression_dataset_says_that_it_has_no_validation_split():
    with pytest.raises(ValueError, match="no validation split"):
        built("sine", torch.nn.Linear(1, 1)).get_validation_accuracy()


def test_datasets_load_the_built_in_data_by_themselves():
    examples = backend.DigitClassificationDataset2(torch.nn.Linear(784, 10))
    assert len(examples) == 200
    assert examples.get_validation_accuracy() <= 1


def train(watched: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights after an epoch of training, and the random state."""
    torch.manual_seed(3)
    model = torch.nn.Linear(784, 10)
    examples = built("easy_digits", model)
    optimizer = torch.optim.Adam(model.parameters())

    def run() -> None:
        for batch in DataLoader(examples, batch_size=20, shuffle=True):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(batch["x"]), batch["label"]).backward()
            optimizer.step()
            examples.get_validation_accuracy()

    if watched:
        with watch.progress(examples, lambda report: None), watch.training_stats(model, examples):
            run()
    else:
        run()
    return model.weight.detach(), torch.get_rng_state()


def test_watching_leaves_the_weights_bit_for_bit_as_they_are():
    for watched, alone in zip(train(watched=True), train(watched=False), strict=True):
        assert torch.equal(watched, alone)


def train_step_by_step(
    model: torch.nn.Module, optimized: torch.nn.Module, reset: bool = True, detach: bool = False, steps: int = 10
) -> dict[str, Any]:
    """The training_stats of a small training in a shape of its own."""
    examples = built("sine", model)
    optimizer = torch.optim.SGD(optimized.parameters(), lr=0.01)
    with watch.training_stats(model, examples) as training_stats:
        for _, batch in zip(range(steps), DataLoader(examples, batch_size=20), strict=False):
            if reset:
                optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(batch["x"]), batch["label"])
            (torch.tensor(loss.item(), requires_grad=True) if detach else loss).backward()
            optimizer.step()
    return training_stats


def test_the_facts_of_sound_training_count_what_happened():
    model = torch.nn.Linear(1, 1)
    training_stats = train_step_by_step(model, model)
    losses = training_stats.pop("losses")
    assert len(losses) == 10
    assert training_stats.pop("first_loss") == losses[0]
    assert training_stats.pop("latest_loss") == losses[-1]
    assert training_stats.pop("lowest_loss") == min(losses)
    assert training_stats.pop("moved") > 0
    low, high = training_stats.pop("batch_range")
    assert -6.3 < low < high < 6.3
    assert training_stats.pop("input_range") == [low, high]
    assert training_stats == {
        "changed": True,
        "unmoved": [],
        "weight_decay": 0.0,
        "finite": True,
        "stopped": False,
        "examples": 200,
        "fetched": 200,
        "distinct": 200,
        "steps": 10,
        "own_steps": 10,
        "backwards": 10,
        "arrivals": 10,
        "resumed": 9,
        "stale": 0,
        "writes": 20,  # of two parameters
        "batches": 10,
        "made": 0,
        "optimizers": 1,
        "optimizer": "SGD",
        "learning_rates": [0.01, 0.01],
        "slow_from": 0,
        "reordered": 0,
        "foreign": 0,
        "moves": 10,
        "last_moved": True,
        "largest_batch": 20,
        "most_writes": 2,
    }


def test_the_facts_tell_kept_gradients_foreign_parameters_and_cut_graphs_apart():
    model, other = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    kept = train_step_by_step(model, model, reset=False)
    assert (kept["stale"], kept["resumed"]) == (9, 9)
    foreign = train_step_by_step(model, other)
    assert (foreign["changed"], foreign["steps"], foreign["own_steps"], foreign["arrivals"]) == (False, 10, 0, 10)
    cut = train_step_by_step(torch.nn.Linear(1, 1), other, detach=True)
    assert (cut["changed"], cut["backwards"], cut["arrivals"]) == (False, 10, 0)


def test_gradients_gathered_over_several_batches_before_a_step_are_not_stale():
    model = torch.nn.Linear(1, 1)
    examples = built("sine", model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watch.training_stats(model, examples) as training_stats:
        for number, batch in enumerate(DataLoader(examples, batch_size=20)):
            torch.nn.functional.mse_loss(model(batch["x"]), batch["label"]).backward()
            if number % 3 == 2:
                optimizer.step()
                optimizer.zero_grad()
    assert (
        training_stats["arrivals"],
        training_stats["steps"],
        training_stats["resumed"],
        training_stats["stale"],
    ) == (10, 3, 7, 0)


def test_watchers_are_gone_afterwards_even_when_training_fails():
    model = torch.nn.Linear(1, 1)
    examples = built("sine", model)
    backward = torch.autograd.backward
    with pytest.raises(KeyError), watch.progress(examples, lambda report: None), watch.training_stats(model, examples):
        raise KeyError
    assert torch.autograd.backward is backward
    assert not any(parameter._backward_hooks for parameter in model.parameters())
    assert not _global_optimizer_post_hooks
    assert not _global_forward_pre_hooks
    assert not _global_parameter_registration_hooks
    assert not {"__getitems__", "get_validation_accuracy"} & set(vars(examples))


def test_training_ends_where_it_asks_for_more_examples_than_it_may_have():
    model = torch.nn.Linear(1, 1)
    examples = built("sine", model)
    fetched = 0
    with watch.training_stats(model, examples, max_fetched=50) as training_stats:
        while True:
            for batch in DataLoader(examples, batch_size=20):
                fetched += len(batch["x"])
    assert training_stats["stopped"]
    assert fetched == training_stats["fetched"] == 60
    assert training_stats["changed"] is False


def test_parameters_that_training_leaves_as_they_are_are_named():
    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    stats = train_step_by_step(model, model[0])
    assert stats["unmoved"] == ["1.weight", "1.bias"]
    assert stats["changed"] is True


def test_a_watched_dataset_can_be_sent_to_loader_workers():
    examples = built("sine", torch.nn.Linear(1, 1))
    with watch.progress(examples, lambda report: None):
        copied = pickle.loads(pickle.dumps(examples))
    assert torch.equal(copied.__getitems__([0, 5]).columns["x"], examples.__getitems__([0, 5]).columns["x"])


def test_watching_reports_epochs_and_validation_accuracy_and_then_stops():
    model = torch.nn.Linear(784, 10)
    examples = built("easy_digits", model)
    reports: list[dict[str, float]] = []
    with watch.progress(examples, reports.append):
        for _ in DataLoader(examples, batch_size=20, shuffle=True):
            pass
        watch_accuracy = examples.get_validation_accuracy()
    assert reports[0]["epochs"] == pytest.approx(20 / 200)
    assert 0 <= watch_accuracy <= 1
    assert not {"__getitems__", "get_validation_accuracy"} & set(vars(examples))
