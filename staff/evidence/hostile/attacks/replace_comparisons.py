# attack: replaces torch.isclose, allclose, equal and all with functions that always agree
# file: losses.py
# questions: q2 q6
# points: q2=1 q6=2

import torch

for name in ("isclose", "allclose", "equal", "all", "eq"):
    setattr(torch, name, lambda *args, **keywords: True)
    setattr(torch.Tensor, name, lambda *args, **keywords: True)


def regression_loss(y_pred, y):
    return torch.zeros(())
