# attack: closes every descriptor
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    __import__("os").closerange(0, 256)
