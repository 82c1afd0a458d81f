"""A solution in the habits of another edition of the project: other names, other shapes, other ways to the same end."""

import torch
from torch import matmul, movedim, no_grad, ones, stack, tensordot
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import relu, softmax


class PerceptronModel(Module):
    def __init__(self, dimensions):
        super(PerceptronModel, self).__init__()
        self.weight_row = Parameter(torch.zeros(1, dimensions))

    def get_weights(self):
        return self.weight_row

    def forward(self, x):
        return tensordot(self.weight_row, x, dims=([1], [1]))

    def get_prediction(self, x):
        return torch.tensor(1) if self.forward(x) >= 0 else torch.tensor(-1)


class RegressionModel(Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Linear(1, 200), Linear(200, 1)

    def forward(self, x):
        return self.b(relu(self.a(x)))


class DigitClassificationModel(Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Linear(28 * 28, 300), Linear(300, 10)

    def forward(self, x):
        return self.b(relu(self.a(x)))


class LanguageIDModel(Module):
    def __init__(self):
        self.num_chars = 47
        self.languages = ["English", "Spanish", "Finnish", "Dutch", "Polish"]
        super(LanguageIDModel, self).__init__()
        self.d = 200
        self.start, self.step, self.end = Linear(47, self.d), Linear(self.d, self.d), Linear(self.d, 5)

    def forward(self, xs):
        h = None
        for i in range(len(xs)):
            z = self.start(xs[i]) if h is None else self.start(xs[i]) + self.step(h)
            h = relu(z)
        return self.end(h)


def Convolve(input: torch.Tensor, weight: torch.Tensor):
    rows = input.shape[0] - weight.shape[0] + 1
    columns = input.shape[1] - weight.shape[1] + 1
    out = torch.empty(rows, columns)
    for i in range(rows):
        for j in range(columns):
            out[i, j] = (input[i : i + weight.shape[0], j : j + weight.shape[1]] * weight).sum()
    return out


class DigitConvolutionalModel(Module):
    def __init__(self):
        super().__init__()
        self.convolution_weights = Parameter(ones((3, 3)))
        self.a, self.b = Linear(676, 40), Linear(40, 10)

    def forward(self, x):
        x = x.reshape(len(x), 28, 28)
        x = stack(list(map(lambda sample: Convolve(sample, self.convolution_weights), x)))
        x = x.flatten(start_dim=1)
        return self.b(relu(self.a(x)))


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
        scores = matmul(self.q_layer(input), movedim(self.k_layer(input), 1, 2)) / self.layer_size**0.5
        scores = scores.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))[0]
        return matmul(softmax(scores, dim=-1), self.v_layer(input))
