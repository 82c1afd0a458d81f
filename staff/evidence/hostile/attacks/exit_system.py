# attack: calls sys.exit(0) in the middle of training
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    raise SystemExit(0)
