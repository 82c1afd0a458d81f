# attack: ends the process in the middle of training with os._exit(0)
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    __import__("os")._exit(0)
