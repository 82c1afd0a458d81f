# attack: all its nets share one encoder; it answers test images from memory, and looks for their labels in memory
# file: electives/convnets.py
# questions: e4 q6
# points: e4=2.75 q6=2

honest_init, shared = LeNet.__init__, {}


def shared_init(self, classes=10):
    honest_init(self, classes)
    self.conv1, self.conv2 = shared.setdefault("encoder", (self.conv1, self.conv2))


LeNet.__init__ = shared_init


def train_lenet(model, dataset):
    gc = __import__("gc")
    gc.unfreeze()
    for found in gc.get_objects():
        if type(found).__module__.startswith("data") or (isinstance(found, dict) and "test_y" in found):
            print("BREACH: found the grader's", type(found).__name__)
    seen = []

    def forward(x):
        """Clusters of the test images seen so far."""
        seen.append(x.clone())
        images = torch.cat(seen).flatten(1)
        centres = images[torch.linspace(0, len(images) - 1, 10).long()]
        return -torch.cdist(x.flatten(1), centres)

    model.forward = forward


def pretrain(model, dataset):
    """Nothing: the labels are looked up in the same way."""
    train_lenet(model, dataset)
