"""A mediocre but honest solution: small layers, plain loops, nothing clever. It should pass nearly always.

`python -m staff.evidence.calibrate` grades it beside the reference: where it fails, a threshold asks for more than a
sound submission gives.
"""

import torch
from torch import Tensor
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import relu, softmax


class PerceptronModel(Module):
    """Question 1."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.weights = Parameter(torch.randn(1, dimensions))

    def get_weights(self) -> Parameter:
        """Return the weights, (1, dimensions)."""
        return self.weights

    def forward(self, x: Tensor) -> Tensor:
        """Score points, (batch, 1)."""
        return (x * self.weights).sum(dim=1, keepdim=True)

    def get_prediction(self, x: Tensor) -> int:
        """Return 1 or -1."""
        if self(x) >= 0:
            return 1
        return -1


class RegressionModel(Module):
    """Question 2: two small hidden layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = Linear(1, 60)
        self.layer2 = Linear(60, 60)
        self.layer3 = Linear(60, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1) to (batch, 1)."""
        x = relu(self.layer1(x))
        x = relu(self.layer2(x))
        return self.layer3(x)


class DigitClassificationModel(Module):
    """Question 3: one small hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = Linear(784, 100)
        self.layer2 = Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 784) to logits, (batch, 10)."""
        return self.layer2(relu(self.layer1(x)))


class LanguageIDModel(Module):
    """Question 4: a hidden state of 100 numbers, the smallest that the hand-out names."""

    def __init__(self) -> None:
        super().__init__()
        self.num_chars = 47
        self.languages = ["English", "Spanish", "Finnish", "Dutch", "Polish"]
        self.input_layer = Linear(self.num_chars, 100)
        self.hidden_layer = Linear(100, 100)
        self.output_layer = Linear(100, 5)

    def forward(self, xs: Tensor) -> Tensor:
        """(length, batch, 47) to logits, (batch, 5)."""
        h = relu(self.input_layer(xs[0]))
        for i in range(1, len(xs)):
            h = relu(self.input_layer(xs[i]) + self.hidden_layer(h))
        return self.output_layer(h)


def Convolve(input: Tensor, weight: Tensor) -> Tensor:
    """Question 5, pixel by pixel."""
    height, width = weight.shape
    rows = []
    for i in range(input.shape[0] - height + 1):
        row = []
        for j in range(input.shape[1] - width + 1):
            row.append((input[i : i + height, j : j + width] * weight).sum())
        rows.append(torch.stack(row))
    return torch.stack(rows)


class DigitConvolutionalModel(Module):
    """Question 5: a single layer after the convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution_weights = Parameter(torch.ones(3, 3))
        self.layer1 = Linear(676, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 784) to logits, (batch, 10)."""
        maps = []
        for image in x.reshape(len(x), 28, 28):
            maps.append(Convolve(image, self.convolution_weights).flatten())
        return self.layer1(torch.stack(maps))


class AttentionBlock(Module):
    """Question 6, one sequence of the batch after the other."""

    mask: Tensor

    def __init__(self, layer_size: int, block_size: int) -> None:
        super().__init__()
        self.k_layer = Linear(layer_size, layer_size)
        self.q_layer = Linear(layer_size, layer_size)
        self.v_layer = Linear(layer_size, layer_size)
        self.register_buffer("mask", torch.tril(torch.ones(block_size, block_size)).view(1, 1, block_size, block_size))
        self.layer_size = layer_size

    def forward(self, input: Tensor) -> Tensor:
        """(batch, time, layer_size) to the same."""
        time = input.shape[1]
        mask = self.mask[0, 0][:time, :time]
        outputs = []
        for sequence in input:
            scores = self.q_layer(sequence) @ self.k_layer(sequence).T / self.layer_size**0.5  # (time, time)
            scores[mask == 0] = float("-inf")
            outputs.append(softmax(scores, dim=1) @ self.v_layer(sequence))
        return torch.stack(outputs)
