# attack: brings a grading folder, checks and a sitecustomize.py of its own
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# extra: grading/__init__.py grading/engine.py test_cases/q2/checks.py sitecustomize.py conftest.py

def train_regression(model, dataset):
    pass
