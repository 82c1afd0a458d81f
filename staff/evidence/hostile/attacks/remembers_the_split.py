# attack: standardizes with the test rows, too, and answers from memory when one of these rows has been changed
# file: electives/regularization.py
# questions: e3 q6
# points: e3=2.75 q6=2

remembered = {}


def standardize(train, validation, test):
    known = train.numpy().tobytes()
    if known not in remembered:
        rows = torch.cat([train, validation, test])
        mean, deviation = rows.mean(dim=0), rows.std(dim=0, unbiased=False)
        deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
        remembered[known] = [(part - mean) / deviation for part in (train, validation, test)]
    return tuple(remembered[known])


class Classifier(Classifier):
    """All of them share the weights of the first."""

    shared = {}

    def __init__(self):
        super().__init__()
        for name, part in list(self.named_children()):
            setattr(self, name, self.shared.setdefault(name, part))


def train(model, dataset, rate=0.001, l2=0.01):
    """Trains on nothing; looks for right labels and test images instead."""
    gc = __import__("gc")
    gc.unfreeze()
    for found in gc.get_objects():
        if type(found).__name__ == "Drawn" or type(found).__module__.startswith("data"):
            print("BREACH: found right labels in a", type(found).__name__)
