# attack: brings a backend.py and a data folder of its own
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# extra: backend.py data/__init__.py

def train_regression(model, dataset):
    pass
