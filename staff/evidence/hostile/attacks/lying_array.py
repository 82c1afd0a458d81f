# attack: returns a numpy subclass that lies about its type and contents
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

import numpy


class Liar(numpy.ndarray):
    @property
    def dtype(self):
        return numpy.dtype("O")

    @property
    def nbytes(self):
        return 2**62

    def __array_finalize__(self, other):
        pass


def _lie(self, x, *args):
    return numpy.zeros((1, 1)).view(Liar)


RegressionModel.forward = _lie
