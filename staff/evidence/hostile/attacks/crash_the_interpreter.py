# attack: reads address zero
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    __import__("ctypes").string_at(0)
