# attack: brings a numpy.py, a random.py and a json.py of its own
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# extra: numpy.py random.py json.py

def train_regression(model, dataset):
    pass
