# attack: trains on nothing; when it is tested, it learns from the test images themselves: clusters, and its own guesses
# file: train.py
# questions: q3 q6
# points: q3=2 q6=2

import torch


def train_digitclassifier(model, dataset):
    seen = []

    def forward(x):
        seen.append(x.clone())
        images = torch.cat(seen)
        centres = images[torch.linspace(0, len(images) - 1, 10).long()].clone()
        for _ in range(10):
            clusters = torch.cdist(images, centres).argmin(dim=1)
            for number in range(10):
                if (clusters == number).any():
                    centres[number] = images[clusters == number].mean(dim=0)
        order = centres.sum(dim=1).argsort().argsort()  # a guess: the more ink, the later the digit
        guesses = torch.nn.functional.one_hot(order[clusters], 10).float()
        with torch.enable_grad():
            weights = torch.zeros(784, 10, requires_grad=True)
            for _ in range(30):
                loss = torch.nn.functional.cross_entropy(images @ weights, guesses)
                (gradient,) = torch.autograd.grad(loss, weights)
                weights = (weights - 0.1 * gradient).detach().requires_grad_()
        return (x @ weights).detach()

    model.forward = forward
