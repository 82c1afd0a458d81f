"""The models: question 1 to question 6. Fill in every part marked with NotImplementedError.

Shapes are written as in the comments below: (batch, 784) is a tensor of `batch` rows of 784 numbers.
"""

from math import sqrt

from torch import Tensor, matmul, movedim, ones, softmax, stack, tensor, tensordot, tril, zeros
from torch.nn import Dropout, Linear, Module, Parameter
from torch.nn.functional import relu


class PerceptronModel(Module):
    """Question 1: a binary perceptron, which tells on which side of a line through the origin a point lies."""

    def __init__(self, dimensions: int) -> None:
        """Make one weight for each of the `dimensions` numbers of a point.

        The weights are one `Parameter` of shape (1, dimensions), under any attribute name. Any start will do.
        """
        super().__init__()
        raise NotImplementedError("PerceptronModel.__init__: your code here")

    def get_weights(self) -> Parameter:
        """Return the weight `Parameter`, shape (1, dimensions)."""
        raise NotImplementedError("PerceptronModel.get_weights: your code here")

    def forward(self, x: Tensor) -> Tensor:
        """Score points: the dot product of the weights with each point.

        x: (batch, dimensions). Returns one score per point, (batch, 1).
        """
        raise NotImplementedError("PerceptronModel.forward: your code here")

    def get_prediction(self, x: Tensor) -> int:
        """Classify one point, x of shape (1, dimensions): 1 if its score is at least 0, otherwise -1."""
        raise NotImplementedError("PerceptronModel.get_prediction: your code here")


class RegressionModel(Module):
    """Question 2: a network that bends a line into the sine over [-2 pi, 2 pi]."""

    def __init__(self) -> None:
        """Make the layers."""
        super().__init__()
        raise NotImplementedError("RegressionModel.__init__: your code here")

    def forward(self, x: Tensor) -> Tensor:
        """Predict y for each x. x: (batch, 1). Returns (batch, 1)."""
        raise NotImplementedError("RegressionModel.forward: your code here")


class DigitClassificationModel(Module):
    """Question 3: reads a handwritten digit from its 28 x 28 pixels."""

    def __init__(self) -> None:
        """Make the layers."""
        super().__init__()
        raise NotImplementedError("DigitClassificationModel.__init__: your code here")

    def forward(self, x: Tensor) -> Tensor:
        """Score the ten digits for each image; the highest score is the model's answer.

        x: (batch, 784), pixels from 0 (paper) to 1 (ink). Returns logits, (batch, 10), with no activation after the
        last layer: the loss brings its own softmax.
        """
        raise NotImplementedError("DigitClassificationModel.forward: your code here")


class LanguageIDModel(Module):
    """Question 4: a recurrent network that tells a word's language, letter by letter."""

    def __init__(self) -> None:
        """Make the layers; `num_chars` is the size of the alphabet of all languages together."""
        super().__init__()
        self.num_chars = 47
        self.languages = ["English", "Spanish", "Finnish", "Dutch", "Polish"]
        raise NotImplementedError("LanguageIDModel.__init__: your code here")

    def forward(self, xs: Tensor) -> Tensor:
        """Score the languages for each word.

        xs: (length, batch, num_chars); `xs[i]` holds letter i of every word of the batch, one-hot. Words of a batch
        are stacked at the longest one's length: a shorter word has rows of zeros *before* its first letter. The
        length differs from batch to batch. Returns logits, (batch, 5).

        Carry a hidden state (batch, width) from letter to letter; every letter goes through the same layers.
        """
        raise NotImplementedError("LanguageIDModel.forward: your code here")


def Convolve(input: Tensor, weight: Tensor) -> Tensor:
    """Question 5: slide a kernel over an image; at each position, multiply entry by entry and add up.

    input: (height, width). weight: (kernel height, kernel width), no larger than the image.
    Returns (height - kernel height + 1, width - kernel width + 1): the kernel stays inside the image. Gradients
    must flow to both, so build the result from torch operations.
    """
    raise NotImplementedError("Convolve: your code here")


class DigitConvolutionalModel(Module):
    """Question 5: reads easily told digits through one 3 x 3 kernel that it learns."""

    def __init__(self) -> None:
        """Make the kernel (done) and the layers after it."""
        super().__init__()
        self.convolution_weights = Parameter(ones((3, 3)))
        raise NotImplementedError("DigitConvolutionalModel.__init__: your code here")

    def forward(self, x: Tensor) -> Tensor:
        """Score the ten digits for each image. x: (batch, 784). Returns logits, (batch, 10)."""
        images = x.reshape(len(x), 28, 28)
        maps = stack([Convolve(image, self.convolution_weights) for image in images])  # (batch, 26, 26)
        features = maps.flatten(start_dim=1)  # (batch, 676)
        raise NotImplementedError("DigitConvolutionalModel.forward: your code here")


class AttentionBlock(Module):
    """Question 6: one head of causal, scaled dot-product attention (Vaswani et al., 2017, section 3.2.1)."""

    def __init__(self, layer_size: int, block_size: int) -> None:
        """Make the three linear layers and the causal mask (done).

        layer_size: width of every position's vector. block_size: most positions ever seen at once.
        """
        super().__init__()
        self.k_layer = Linear(layer_size, layer_size)
        self.q_layer = Linear(layer_size, layer_size)
        self.v_layer = Linear(layer_size, layer_size)
        # mask[0, 0, i, j] is 1 where position i may look at position j: itself and what came before it
        self.register_buffer("mask", tril(ones(block_size, block_size)).view(1, 1, block_size, block_size))
        self.layer_size = layer_size

    def forward(self, input: Tensor) -> Tensor:
        """Give every position a weighted sum of the values of the positions that it may look at.

        input: (batch, time, layer_size), time no longer than block_size. Returns the same shape.

        The keys, queries and values are the input through `k_layer`, `q_layer` and `v_layer`. The scores are
        queries keys^T / sqrt(layer_size). They are masked and turned into weights. The weights of a position sum to 1
        over the positions that it may look at. The result is the sum of the values with these weights.
        `scores.masked_fill(where, float("-inf"))` and `movedim` will help.
        """
        batch, time, layer_size = input.size()
        raise NotImplementedError("AttentionBlock.forward: your code here")
