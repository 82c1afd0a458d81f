# attack: raises an exception whose text and type attack the code that prints it
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 12

class Bite(Exception):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def train_regression(model, dataset):
    raise Bite
