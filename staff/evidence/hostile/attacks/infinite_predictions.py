# attack: predicts infinity and the largest numbers there are
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

def _huge(self, x):
    return x * 0 + (float("inf") if len(x) > 1 else 3e38)


RegressionModel.forward = _huge
