"""The datasets that training functions get, and what reads them for a live picture: what several tests share."""

from __future__ import annotations

import torch

import backend
import data

LIBRARY = data.Library()
CLASSES = {
    "points": backend.PerceptronDataset,
    "sine": backend.RegressionDataset,
    "digits": backend.DigitClassificationDataset,
    "easy_digits": backend.DigitClassificationDataset2,
    "words": backend.LanguageIDDataset,
}
READERS = {
    "points": "pictures.separating_line",
    "sine": "pictures.curve",
    "digits": "pictures.digit_field",
    "easy_digits": "pictures.digit_field",
    "words": "pictures.word_bars",
}


def built(name: str, model: torch.nn.Module | None = None, library: data.Library = LIBRARY) -> backend.CourseDataset:
    """A built-in dataset, as a training function gets it."""
    return CLASSES[name](model, data.training_arrays(library.load(name)))
