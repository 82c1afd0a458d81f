# attack: brings a torch folder of its own
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# extra: torch/__init__.py torch/nn/__init__.py

def train_regression(model, dataset):
    pass
