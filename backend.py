"""The datasets that training functions receive.

Each holds the training and the validation split of one question, nothing else; the test split stays with the
grader. They work with torch's own loader:

    >>> dataset = DigitClassificationDataset(model)
    >>> for batch in DataLoader(dataset, batch_size=64, shuffle=True):
    ...     batch["x"], batch["label"]          # float32 (64, 784) and (64, 10)

Data lies in memory in its compact type and becomes float32 a batch at a time: `__getitems__`, which torch's loader
prefers over `__getitem__`, indexes whole tensors at once.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from torch.utils.data._utils.collate import default_collate_fn_map

import data
from data import digits, words

Arrays = dict[str, Any]


class Item(dict[str, Tensor]):
    """One example, such as `{"x": ..., "label": ...}`."""


class FetchedBatch(Sequence[Item]):
    """Examples fetched together: a sequence of items for callers, one block for torch's own collation.

    Args:
        columns: tensors by name, each with one row for each example.
    """

    def __init__(self, columns: dict[str, Tensor]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return Item({name: column[index] for name, column in self.columns.items()})


def _collate(batch: Sequence[Item], *, collate_fn_map: object = None) -> dict[str, Tensor]:
    """Collate items: a fetched batch is one block already, anything else is stacked."""
    if isinstance(batch, FetchedBatch):
        return batch.columns
    return {name: torch.stack([item[name] for item in batch]) for name in batch[0]}


default_collate_fn_map[Item] = _collate  # the loader's documented place for types of one's own


class CourseDataset(Dataset[Item]):
    """Common behaviour; a subclass says how stored rows become what a model reads.

    Attributes:
        model: the model being trained, whose validation accuracy is asked for; None if there is none yet.
        x: the features of the training split, as batches hold them; of words, their letter numbers.
        y: the targets of the training split.
        epoch: free for the training function to count in; nothing here reads it.
    """

    _readable: Tensor | None = None  # all features, once somebody has asked for them; batches do without

    def __init__(self, model: torch.nn.Module | None, x: Tensor, y: Tensor) -> None:
        self.model = model
        self._stored, self.y = x, y
        self.epoch = 0
        self._validation: list[tuple[Tensor, Tensor]] = []  # what the model reads, and the right answers

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a loader's worker processes: the data, without what watchers have hung on this object."""
        return {name: value for name, value in vars(self).items() if not hasattr(type(self), name)}

    @property
    def x(self) -> Tensor:
        """The features of the training split. Batches hold other features once these are set."""
        if self._readable is None:
            self._readable = self._as_read(self._stored)
        return self._readable

    @x.setter
    def x(self, features: Tensor) -> None:
        self._stored, self._readable = features, None

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int | slice) -> Item:
        """One example, or for a slice such as `dataset[0:32]` a batch of examples.

        Raises:
            IndexError: there is no such example.
            TypeError: the index is no whole number and no slice.
        """
        every = range(len(self))
        if isinstance(index, slice):
            if not (rows := every[index]):
                raise IndexError(f"no example lies in {index}; there are {len(self)}, numbered from 0")
            return Item(self.__getitems__(list(rows)).columns)
        try:
            row = every[index]
        except IndexError:
            raise IndexError(f"there is no example {index}; there are {len(self)}, numbered from 0") from None
        except TypeError:
            what = (
                f"examples are numbered: use a whole number or a slice, as in dataset[0:32]; got {type(index).__name__}"
            )
            raise TypeError(what) from None
        return FetchedBatch(self._columns([row]))[0]

    def __getitems__(self, indices: list[int]) -> FetchedBatch:
        """Examples by index, in order; called by torch's loader."""
        return FetchedBatch(self._columns(indices))

    @property
    def validation(self) -> list[tuple[Tensor, Tensor]]:
        """The validation split in blocks: what the model reads, and the right answers; empty if there is none."""
        return self._validation

    def get_validation_accuracy(self) -> float:
        """The share of validation examples that the model gets right, in [0, 1].

        The model is read in evaluation mode without gradients; its modes and all random states are as before
        afterwards, so calling this, or not, changes nothing about training. `inference_mode` would be faster, and
        no backward pass could use a tensor that the model keeps from here.

        Raises:
            ValueError: this question has no validation split.
        """
        if not self._validation:
            raise ValueError(f"{type(self).__name__} has no validation split: watch the training loss instead")
        with left_as_it_was(self.required_model()), torch.no_grad():
            right = sum(int((self._predict(inputs) == answers).sum()) for inputs, answers in self._validation)
        return right / sum(len(answers) for _, answers in self._validation)

    def outputs(self, *inputs: Tensor) -> Tensor:
        """What the model makes of inputs that lie in main memory; the outputs lie there, too, wherever the model is.

        Raises:
            ValueError: the dataset was made without a model.
        """
        model = self.required_model()
        device = device_of(model)
        outputs: Tensor = model(*(each.to(device) for each in inputs)).cpu()
        return outputs

    def required_model(self) -> torch.nn.Module:
        """The model.

        Raises:
            ValueError: the dataset was made without a model.
        """
        if self.model is None:
            raise ValueError(f"the {type(self).__name__} was made without a model; pass the model when you make it")
        return self.model

    def _columns(self, indices: list[int]) -> dict[str, Tensor]:
        """What a batch of the given rows holds, by name."""
        features, labels = self._rows(indices)
        return {"x": features, "label": labels}

    def _rows(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """Features and labels of the given rows, float32."""
        stored, first = self._stored, indices[0]
        chosen = slice(first, first + 1 or None) if len(indices) == 1 else torch.tensor(indices, device=stored.device)
        return self._as_read(stored[chosen]), self.y[chosen]

    def _as_read(self, features: Tensor) -> Tensor:
        """Stored features as a model reads them."""
        return features

    def _predict(self, inputs: Tensor) -> Tensor:
        """The model's answers, comparable with the validation answers."""
        return self.outputs(inputs).argmax(dim=1)


class PerceptronDataset(CourseDataset):
    """Question 1: `x` (batch, 3), `label` (batch, 1) holding 1 or -1. Validation is on the training points."""

    def __init__(self, model: torch.nn.Module | None, arrays: Arrays | None = None) -> None:
        arrays = arrays or _built_in("points")
        super().__init__(model, torch.from_numpy(arrays["train_x"]), torch.from_numpy(arrays["train_y"]))
        self._validation = [(self.x, self.y.flatten())]

    def _predict(self, inputs: Tensor) -> Tensor:
        return torch.where(self.outputs(inputs).flatten() >= 0, 1.0, -1.0)


class RegressionDataset(CourseDataset):
    """Question 2: `x` (batch, 1), `label` (batch, 1). There is no validation split."""

    def __init__(self, model: torch.nn.Module | None, arrays: Arrays | None = None) -> None:
        arrays = arrays or _built_in("sine")
        super().__init__(model, torch.from_numpy(arrays["train_x"]), torch.from_numpy(arrays["train_y"]))


class DigitClassificationDataset(CourseDataset):
    """Question 3: `x` (batch, 784) in [0, 1], `label` one-hot (batch, 10)."""

    name = "digits"

    def __init__(self, model: torch.nn.Module | None, arrays: Arrays | None = None) -> None:
        arrays = arrays or _built_in(self.name)
        labels = torch.from_numpy(digits.one_hot(arrays["train_y"]))
        super().__init__(model, torch.from_numpy(arrays["train_x"]), labels)
        inputs = torch.from_numpy(digits.inputs(arrays["validation_x"]))
        self._validation = [(inputs, torch.from_numpy(arrays["validation_y"]))]

    def _as_read(self, features: Tensor) -> Tensor:
        return in_unit_interval(features)


class DigitClassificationDataset2(DigitClassificationDataset):
    """Question 5: as question 3, with few images of five easily told digits."""

    name = "easy_digits"


class ArrayDataset(CourseDataset):
    """Any arrays with a row for each example: a batch is a dictionary of float32 or int64 tensors under their names.

    Args:
        model: the model being trained, or None.
        arrays: `train_NAME` for each NAME of the training split; others, and plain data, are left to the caller.
    Raises:
        ValueError: there is no training split.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: Arrays) -> None:
        if not any(name.startswith("train_") and isinstance(array, np.ndarray) for name, array in arrays.items()):
            given = ", ".join(arrays) or "nothing"
            raise ValueError(f"the training split needs an array named train_NAME, such as train_x; got {given}")
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items() if isinstance(array, np.ndarray)}
        self._training = {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("train_")}
        first = next(iter(self._training.values()))
        super().__init__(model, self._training.get("x", first), self._training.get("y", first))

    def _columns(self, indices: list[int]) -> dict[str, Tensor]:
        chosen = torch.tensor(indices, device=self._stored.device)
        return {name: column[chosen] for name, column in self._training.items()}


class LanguageIDDataset(CourseDataset):
    """Question 4: `x` one-hot (batch, length, 47), `label` one-hot (batch, 5).

    The words of a batch are stacked at the length of the longest; a shorter word has all-zero rows *before* its
    first letter, so the last step of every word is its last letter. Validation reads words of each length by
    themselves, without padding.

    Attributes:
        chars, language_names, language_codes: what the numbers of characters and languages stand for.
        train_x, train_y: letter numbers with -1 *behind* the word, int64 (count, longest), and language numbers.
        train_buckets: (start, end) rows of each word length, int64 (lengths, 2), when rows are sorted by length.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: Arrays | None = None) -> None:
        arrays = arrays or _built_in("words")
        rows = torch.from_numpy(arrays["train_x"].astype(np.int64))
        super().__init__(model, rows, torch.from_numpy(words.one_hot(arrays["train_y"])))
        self.chars: str = arrays["characters"]
        self.language_names: list[str] = list(arrays["language_names"])
        self.language_codes: list[str] = list(arrays["language_codes"])
        self._lengths = (rows != words.NO_LETTER).sum(dim=1)
        # one row per character, and a last row of zeros, which index -1 finds
        self._letters = torch.from_numpy(np.eye(len(self.chars) + 1, len(self.chars), dtype=np.float32))
        groups = words.by_length(data.Split(x=arrays["validation_x"], y=arrays["validation_y"]))
        self._validation = [(torch.from_numpy(words.inputs(g.x)), torch.from_numpy(g.y)) for g in groups]

    @cached_property
    def train_x(self) -> np.ndarray:
        """Letter numbers with the letters first, int64 (count, longest)."""
        return words.letters_first(self._stored.numpy())

    @cached_property
    def train_y(self) -> np.ndarray:
        """Language numbers, int64 (count,)."""
        return self.y.argmax(dim=1).numpy()

    @cached_property
    def train_buckets(self) -> np.ndarray:
        """The rows at which each word length starts and ends, int64 (lengths, 2)."""
        changes = torch.nonzero(self._lengths.diff()).flatten() + 1
        edges = [0, *changes.tolist(), len(self)]
        return np.array(list(itertools.pairwise(edges)), dtype=np.int64)

    def _encode(self, x_rows: Any, y_rows: Any) -> tuple[Tensor, Tensor]:
        """One-hot (length, batch, 47) and (batch, 5) of rows of `train_x` and `train_y`."""
        rows = torch.from_numpy(words.letters_last(np.asarray(x_rows)))
        return self._one_hot(rows).movedim(0, 1), torch.from_numpy(words.one_hot(np.asarray(y_rows)))

    def _rows(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        rows, labels = super()._rows(indices)
        return self._one_hot(rows), labels

    def _one_hot(self, rows: Tensor) -> Tensor:
        longest = int((rows != words.NO_LETTER).sum(dim=1).max())
        return self._letters[rows[:, rows.shape[1] - longest :]]  # (batch, longest, characters)


Custom_Dataset = CourseDataset  # the name that existing solutions know


def _built_in(name: str) -> Arrays:
    return data.training_arrays(data.Library().load(name))


def in_unit_interval(pixels: Tensor) -> Tensor:
    """Pixels from 0 to 255 as float32 in [0, 1]; numbers that are floating point already stay as they are."""
    return pixels if pixels.is_floating_point() else pixels.float().div_(255)


def device_of(model: Any) -> torch.device:
    """Where a model lies: the device of its first parameter or buffer; the default device for whatever has none."""
    if isinstance(model, torch.nn.Module):
        for tensor in itertools.chain(model.parameters(), model.buffers()):
            return tensor.device
    return torch.get_default_device()


@contextmanager
def left_as_it_was(model: torch.nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode; afterwards restore every module's mode and every random state.

    The random state of the model's device is among them.
    """
    modes = [(module, module.training) for module in model.modules()]
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    device = device_of(model)
    own = torch.get_device_module(device) if device.type in ("cuda", "mps", "xpu") else None
    own_state = own.get_rng_state() if own is not None else None
    for module, _ in modes:
        module.training = False
    try:
        yield
    finally:
        for module, is_training in modes:
            module.training = is_training
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if own is not None:
            own.set_rng_state(own_state)
