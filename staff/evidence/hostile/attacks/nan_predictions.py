# attack: predicts NaN
# file: models.py
# questions: q2 q6
# points: q2=1 q6=2

def _nan(self, x):
    return x * float("nan")


RegressionModel.forward = _nan
