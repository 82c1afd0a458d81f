# attack: returns a tensor subclass that lies about shape and length
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

import torch


class Liar(torch.Tensor):
    @property
    def shape(self):
        return torch.Size([1, 1])

    def size(self, *args):
        return torch.Size([1, 1])

    def __len__(self):
        return 1


def _lie(self, x, *args):
    return torch.zeros(7, 3).as_subclass(Liar)


RegressionModel.forward = _lie
