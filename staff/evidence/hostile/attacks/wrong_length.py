# attack: returns more and fewer predictions than asked for
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

def _short(self, x):
    return x[: len(x) // 2 + 2].repeat(3, 1)


RegressionModel.forward = _short
