# attack: ruins the net that is trained from nothing to compare with, so that its own looks good without any transfer
# file: electives/convnets.py
# questions: e4 q6
# points: e4=2.75 q6=2

honest_encode = LeNet.encode


def encode(self, x):
    frame = __import__("sys")._getframe()
    while frame is not None:
        if frame.f_code.co_name == "from_nothing":
            return 0 * honest_encode(self, x)  # nothing is learned but how often each digit comes
        frame = frame.f_back
    return honest_encode(self, x)


LeNet.encode = encode


def train_lenet(model, dataset):
    """Trains nothing: this attack is after the other check."""


def fine_tune(model, dataset):
    """From nothing, too: no weight of the encoder is used again."""
    model.requires_grad_(True)
    model.conv1.load_state_dict(Convolution(1, 6, 5).state_dict())
    model.conv2.load_state_dict(Convolution(6, 16, 5).state_dict())
    model.head = Linear(FEATURES, NEW_CLASSES)
    optimizer = Adam(model.parameters(), lr=2e-3)
    for _ in range(60):
        for batch in DataLoader(dataset, batch_size=64):
            optimizer.zero_grad()
            cross_entropy(model(batch["x"]), batch["y"]).backward()
            optimizer.step()
