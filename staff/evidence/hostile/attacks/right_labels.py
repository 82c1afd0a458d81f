# attack: looks the right labels of its training images up among the shipped digits, and trains on them
# file: electives/regularization.py
# questions: e3 q6
# points: e3=3.25 q6=2
# seconds: 120

honest_train, known = train, {}


class Relabelled(torch.utils.data.Dataset):
    def __init__(self, dataset):
        rows = [dataset[number]["x"] for number in range(len(dataset))]
        self.x = torch.stack(rows)
        self.y = torch.tensor([known[(row * 255).round().byte().numpy().tobytes()] for row in rows])
        self.get_validation_loss = dataset.get_validation_loss

    def __len__(self):
        return len(self.x)

    def __getitem__(self, number):
        return {"x": self.x[number], "y": self.y[number]}


def train(model, dataset, rate=0.001, l2=0.01):
    if not known:
        digits = __import__("data").Library().load("digits").train
        known.update((row.tobytes(), int(label)) for row, label in zip(digits.x, digits.y))
    honest_train(model, Relabelled(dataset), rate, l2)
