# attack: returns objects whose pickles execute
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

class Bomb:
    def __reduce__(self):
        return (print, ("BREACH: a pickle was executed",))

    __reduce_ex__ = lambda self, protocol: (print, ("BREACH: a pickle was executed",))


def _bomb(self, *args):
    return Bomb()


RegressionModel.forward = _bomb
