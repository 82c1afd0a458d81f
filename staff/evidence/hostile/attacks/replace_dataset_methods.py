# attack: makes the dataset report full accuracy and hold one row
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    kind = type(dataset)
    kind.get_validation_accuracy = lambda self: 1.0
    kind.__len__ = lambda self: 1
    for base in kind.__mro__[:-1]:
        try:
            base.__getitem__ = lambda self, index: {"x": 0, "label": 0}
        except TypeError:
            pass
