"""A solution in the form of the 2024 editions: one file, with `run`, `get_loss` and `train` as methods of the models."""

import math

import torch
from torch import matmul, movedim, no_grad, ones, optim, stack, tensordot
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import cross_entropy, mse_loss, relu, softmax
from torch.utils.data import DataLoader


class PerceptronModel(Module):
    def __init__(self, dimensions):
        super(PerceptronModel, self).__init__()
        self.row = Parameter(ones(1, dimensions))

    def get_weights(self):
        return self.row

    def run(self, x):
        return tensordot(x, self.row)

    def get_prediction(self, x):
        return 1 if self.run(x) >= 0 else -1

    def train(self, dataset):
        with no_grad():
            wrong = True
            while wrong:
                wrong = False
                for sample in DataLoader(dataset, batch_size=1, shuffle=True):
                    if self.get_prediction(sample["x"]) != sample["label"]:
                        self.row += sample["label"] * sample["x"]
                        wrong = True


class RegressionModel(Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Linear(1, 200), Linear(200, 1)
        self.optimizer = optim.Adam(self.parameters(), lr=0.005)

    def forward(self, x):
        return self.b(relu(self.a(x)))

    def get_loss(self, x, y):
        return mse_loss(self.forward(x), y)

    def train(self, dataset):
        for _ in range(250):
            for batch in DataLoader(dataset, batch_size=20, shuffle=True):
                self.optimizer.zero_grad()
                self.get_loss(batch["x"], batch["label"]).backward()
                self.optimizer.step()


class DigitClassificationModel(Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Linear(784, 300), Linear(300, 10)

    def run(self, x):
        return self.b(relu(self.a(x)))

    def get_loss(self, x, y):
        return cross_entropy(self.run(x), y)

    def train(self, dataset):
        optimizer = optim.Adam(self.parameters(), lr=0.002)
        for _ in range(8):
            for batch in DataLoader(dataset, batch_size=100, shuffle=True):
                optimizer.zero_grad()
                self.get_loss(batch["x"], batch["label"]).backward()
                optimizer.step()
            if dataset.get_validation_accuracy() >= 0.976:
                break


class LanguageIDModel(Module):
    def __init__(self):
        self.num_chars = 47
        self.languages = ["English", "Spanish", "Finnish", "Dutch", "Polish"]
        super(LanguageIDModel, self).__init__()
        self.first, self.step, self.last = Linear(47, 200), Linear(200, 200), Linear(200, 5)

    def run(self, xs):
        state = relu(self.first(xs[0]))
        for letters in xs[1:]:
            state = relu(self.first(letters) + self.step(state))
        return self.last(state)

    def get_loss(self, xs, y):
        return cross_entropy(self.run(xs), y)

    def train(self, dataset):
        optimizer = optim.Adam(self.parameters(), lr=0.001)
        for _ in range(3):
            for batch in DataLoader(dataset, batch_size=64, shuffle=True):
                optimizer.zero_grad()
                self.get_loss(movedim(batch["x"], 0, 1), batch["label"]).backward()
                optimizer.step()


def Convolve(input, weight):
    windows = input.unfold(0, weight.shape[0], 1).unfold(1, weight.shape[1], 1)  # (height, width, rows, columns)
    return tensordot(windows, weight)


class DigitConvolutionalModel(Module):
    def __init__(self):
        super().__init__()
        self.convolution_weights = Parameter(ones((3, 3)))
        self.a = Linear(676, 10)

    def run(self, x):
        return self(x)

    def forward(self, x):
        x = x.reshape(len(x), 28, 28)
        x = stack(list(map(lambda image: Convolve(image, self.convolution_weights), x)))
        return self.a(x.flatten(start_dim=1))

    def get_loss(self, x, y):
        return cross_entropy(self(x), y)

    def train(self, dataset):
        optimizer = optim.Adam(self.parameters(), lr=0.003)
        for _ in range(3):
            for batch in DataLoader(dataset, batch_size=20, shuffle=True):
                optimizer.zero_grad()
                self.get_loss(batch["x"], batch["label"]).backward()
                optimizer.step()


class Attention(Module):
    def __init__(self, layer_size, block_size):
        super().__init__()
        self.k_layer = Linear(layer_size, layer_size)
        self.q_layer = Linear(layer_size, layer_size)
        self.v_layer = Linear(layer_size, layer_size)
        self.register_buffer("mask", torch.tril(ones(block_size, block_size)).view(1, 1, block_size, block_size))
        self.layer_size = layer_size

    def forward(self, input):
        B, T, C = input.size()
        scores = matmul(self.q_layer(input), movedim(self.k_layer(input), 1, 2)) / math.sqrt(self.layer_size)
        scores = scores.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        return matmul(softmax(scores, dim=-1), self.v_layer(input))
