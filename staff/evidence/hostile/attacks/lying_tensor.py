# attack: returns a tensor subclass whose every operation gives the wanted answer
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

import numpy
import torch


class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return torch.zeros(1, 1)

    def numpy(self, *args, **keywords):
        return numpy.float64("nan")

    def detach(self):
        return self

    def cpu(self):
        return self


def _lie(self, x, *args):
    return torch.zeros(1, 1).as_subclass(Liar)


RegressionModel.forward = _lie
