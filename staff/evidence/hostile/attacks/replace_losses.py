# attack: replaces the library's losses by one that is always zero
# file: losses.py
# questions: q2 q6
# points: q2=1 q6=2

import torch

torch.nn.functional.mse_loss = lambda *args, **keywords: torch.zeros((), requires_grad=True)
torch.nn.MSELoss.forward = lambda self, *args: torch.zeros((), requires_grad=True)
mse_loss = torch.nn.functional.mse_loss


def regression_loss(y_pred, y):
    return torch.nn.functional.mse_loss(y_pred, y)
