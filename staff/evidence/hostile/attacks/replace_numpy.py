# attack: replaces numpy's mean, argmax, isfinite and abs
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

import numpy

for name in ("mean", "argmax", "isfinite", "abs", "asarray", "max", "allclose"):
    setattr(numpy, name, lambda *args, **keywords: 1)


def train_regression(model, dataset):
    pass
