# attack: returns objects that are equal to everything
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

class Liar:
    def __eq__(self, other):
        return True

    def __le__(self, other):
        return True

    __lt__ = __ge__ = __gt__ = __ne__ = __bool__ = __eq__
    __hash__ = None


def _lie(self, *args):
    return Liar()


RegressionModel.forward = _lie
