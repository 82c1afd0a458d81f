# attack: returns a billion predictions
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

import torch


def _huge(self, x):
    return torch.zeros(1, 1).expand(2**30, 1)


RegressionModel.forward = _huge
