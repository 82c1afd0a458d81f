# attack: names classes and functions so that reports break
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

class Named:
    pass


Named.__name__ = Named.__qualname__ = "x" * 1000000 + "\"}]}<b>"


def _named(self, *args):
    return Named()


RegressionModel.forward = _named
