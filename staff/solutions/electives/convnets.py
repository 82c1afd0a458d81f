"""Elective 4: convolutional networks and what they see. Fill in every part with NotImplementedError.

torch has convolution and pooling ready-made (`Conv2d`, `conv2d`, `unfold`, `MaxPool2d` and others). They are not
allowed here: you write their core. `torch.nn.Linear`, `torch.nn.functional.pad`, `affine_grid`, `grid_sample` and
`torch.optim` are allowed.

Not allowed here: `torch.nn.*Conv?d`, `torch.nn.*ConvTranspose?d`, `torch.nn.modules.conv*`, `torch.conv*`,
`torch.nn.functional.conv*`, `torch.nn.*Unfold`, `torch.nn.*unfold`, `torch.nn.*Pool*`, `torch.nn.modules.pooling*`,
`torch.nn.functional.*pool*`, `torch.*pool?d*`, `torch._VF*`, `torch.nn.grad*`, `torch.fft*`. In these names, `*` stands
for any text and `?` stands for one letter. Everything else of torch is allowed.

Images are tensors of shape (batch, channels, height, width), float32 or float64. A picture in grey has 1 channel, a
picture in colour has 3. Inside of a network, a channel is a feature map: it says where a filter found its pattern.
"""

from math import pi

import torch
from torch import Tensor, stack
from torch.nn import Linear, Module, Parameter, ReLU, Sequential
from torch.nn.functional import affine_grid, cross_entropy, dropout, grid_sample, pad
from torch.nn.init import kaiming_normal_, zeros_
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset

FEATURES = 256  # numbers of LeNet's encoder for an image: 16 channels of 4 x 4
NEW_CLASSES = 5  # the digits 5 to 9, which the encoder has never seen

Layer = tuple[Tensor, Tensor]  # weight (out, in, kernel, kernel) and bias (out,) of a convolution


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Return how many positions a kernel takes along one side of an image.

    size: pixels of the side. kernel: pixels of the kernel's side. stride: pixels from one position to the next.
    padding: pixels of zeros that are added at either end of the side.
    The kernel begins at one end of the padded side. It must not reach over the other end. Pixels that are left over
    there are not used. Returns an integer.
    Example: a kernel of 3 with stride 2 takes 2 positions on a side of 6 without padding.
    """
    # BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    # END SOLUTION


def parameter_count(in_channels: int, out_channels: int, kernel: int) -> int:
    """Return how many numbers a convolutional layer learns: all filters, and one bias for each output channel.

    The layer has a filter for each output channel. A filter has kernel x kernel numbers for each input channel. The
    image's size is no argument: every position uses the same filters.
    """
    # BEGIN SOLUTION
    return out_channels * (in_channels * kernel * kernel + 1)
    # END SOLUTION


def image_kernel(name: str) -> Tensor:
    """Return a classic kernel, float64 (3, 3). Row 0 is above, column 0 is left.

    name:
    - "average": the mean of the nine pixels.
    - "vertical edges": Sobel's kernel. The three columns are (1, 2, 1), (0, 0, 0) and (-1, -2, -1): left minus right,
      smoothed along the edge. The response is above 0 where the numbers on the left are larger.
    - "horizontal edges": the same for rows, above minus below.
    - "laplacian": the sum of the four neighbours above, below, left and right, minus four times the pixel itself.
    """
    # BEGIN SOLUTION
    smooth, difference = torch.tensor([1.0, 2.0, 1.0]).double(), torch.tensor([1.0, 0.0, -1.0]).double()
    kernels = {
        "average": torch.full((3, 3), 1 / 9, dtype=torch.float64),
        "vertical edges": torch.outer(smooth, difference),
        "horizontal edges": torch.outer(difference, smooth),
        "laplacian": torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]], dtype=torch.float64),
    }
    return kernels[name]
    # END SOLUTION


def conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Slide filters over images (LeCun and others, 1989).

        out[n, o, r, c] = bias[o] + the sum over i, u and v of
                          weight[o, i, u, v] * padded[n, i, stride * r + u, stride * c + v]

    x: (batch, in, height, width). `padded` is x with `padding` rows and columns of zeros on all four sides:
    `pad(x, [padding] * 4)`. weight: (out, in, kernel, kernel). bias: (out,). Kernels are not flipped, as in torch.
    Returns (batch, out, rows, columns); `output_size` tells rows and columns.

    Speed matters: training calls this thousands of times. A loop over the positions of the image takes minutes. Two
    ways are fast:
    - Loop over the kernel's entries u and v. `padded[:, :, u::stride, v::stride]`, cut to rows x columns, is what the
      entry (u, v) meets at all positions at once. Join these (`torch.stack`), and let one matrix product do the rest.
    - `padded.unfold(2, kernel, stride).unfold(3, kernel, stride)` has the shape (batch, in, rows, columns, kernel,
      kernel): the patch at every position. One matrix product with the filters, or one `torch.einsum`, handles all.
    """
    # BEGIN SOLUTION
    kernel = weight.shape[2]
    rows, columns = (output_size(side, kernel, stride, padding) for side in x.shape[2:])
    padded = pad(x, [padding] * 4)  # (batch, in, height + 2 * padding, width + 2 * padding)
    # what each entry of the kernels meets: (batch, in, kernel, kernel, rows, columns)
    met = padded.unfold(2, stride * (rows - 1) + 1, 1)[:, :, :kernel]
    met = met.unfold(3, stride * (columns - 1) + 1, 1)[:, :, :, :kernel, ::stride, ::stride]
    filters = weight.flatten(1).expand(len(x), -1, -1)  # (batch, out, in * kernel * kernel)
    return torch.baddbmm(bias[:, None], filters, met.flatten(4).flatten(1, 3)).unflatten(2, (rows, columns))
    # END SOLUTION


def max_pool(x: Tensor, size: int) -> Tensor:
    """Return the largest number of each window of size x size pixels.

    x: (batch, channels, height, width). The windows lie side by side, beginning at the top left. Rows and columns that
    fill no whole window are left out. Returns (batch, channels, height // size, width // size).
    """
    # BEGIN SOLUTION
    height, width = x.shape[2] // size * size, x.shape[3] // size * size
    return stack([x[:, :, u:height:size, v:width:size] for u in range(size) for v in range(size)]).amax(dim=0)
    # END SOLUTION


def average_pool(x: Tensor, size: int) -> Tensor:
    """Return the mean of each window of size x size pixels. Windows and shapes are those of `max_pool`."""
    # BEGIN SOLUTION
    return x.unfold(2, size, size).unfold(3, size, size).mean(dim=(4, 5))
    # END SOLUTION


def residual_block(x: Tensor, first: Layer, second: Layer, shortcut: Layer | None = None, stride: int = 1) -> Tensor:
    """Two convolutions that learn what is to be added to their input (He and others, 2016, without normalisation).

        F(x) = conv2(relu(conv1(x)))
        out  = relu(F(x) + s(x))

    first: weight and bias of conv1, with kernels of 3 x 3, this stride and padding 1.
    second: those of conv2, with kernels of 3 x 3, stride 1 and padding 1.
    shortcut: s(x) is x itself if this is None. Otherwise it is a convolution with kernels of 1 x 1, this stride and no
    padding, so that s(x) has the shape of F(x).
    Returns (batch, out, rows, columns).
    """
    # BEGIN SOLUTION
    inner = conv2d(x, *first, stride=stride, padding=1).relu()
    around = x if shortcut is None else conv2d(x, *shortcut, stride=stride)
    return (conv2d(inner, *second, padding=1) + around).relu()  # (batch, out, rows, columns)
    # END SOLUTION


def move(images: Tensor, down: Tensor, right: Tensor, degrees: Tensor) -> Tensor:
    """Turn each image about its centre, then shift it.

    images: (batch, channels, side, side). down, right: by how many pixels, whole numbers or not. degrees: by which
    angle, counter-clockwise as you look at the image. These three have the shape (batch,): each image moves in its own
    way.

    The pixel in row r and column c takes what lies at another position of the old image. That position follows from
    the angle a:

        m = (side - 1) / 2,  y = r - m - down,  x = c - m - right
        row     m + cos(a) * y + sin(a) * x
        column  m + cos(a) * x - sin(a) * y

    Between four pixels, their mean is taken, weighted by closeness (bilinear). Outside of the image, all pixels are 0.
    `grid_sample(images, grid, align_corners=False)` does this for a grid of shape (batch, side, side, 2). It holds the
    column first, then the row. Its unit is half a side: -1 and 1 are the outer edges of the image, so pixel k has
    its centre at (2 * k + 1) / side - 1. `affine_grid` makes such a grid of a matrix, (batch, 2, 3).
    Returns the shape and the dtype of `images`.
    """
    # BEGIN SOLUTION
    angle, half = degrees * (pi / 180), images.shape[3] / 2
    cosine, sine = angle.cos(), angle.sin()
    x, y = right / half, down / half  # in units of half a side
    matrix = stack([cosine, -sine, sine * y - cosine * x, sine, cosine, -sine * x - cosine * y], dim=1)  # (batch, 6)
    grid = affine_grid(matrix.reshape(-1, 2, 3).to(images), list(images.shape), align_corners=False)
    return grid_sample(images, grid, align_corners=False)
    # END SOLUTION


def augment(images: Tensor, max_shift: int, max_degrees: float) -> Tensor:
    """Return a copy of each image that is moved a little, at random: more images without more labels.

    images: (batch, channels, side, side).
    max_shift: each image is shifted down and right by whole numbers of pixels. Both are drawn for each image alone,
    from -max_shift to max_shift, all equally likely.
    max_degrees: each image is turned by an angle of its own, drawn uniformly between -max_degrees and max_degrees.
    Returns the shape and the dtype of `images`. `torch.randint` draws int64: `.to(images)` gives its numbers the dtype
    of the images.
    """
    # BEGIN SOLUTION
    count = len(images)
    down, right = torch.randint(-max_shift, max_shift + 1, (2, count)).to(images)
    return move(images, down, right, max_degrees * (2 * torch.rand(count).to(images) - 1))
    # END SOLUTION


def saliency(model: Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return how much each pixel matters for the score of a class (Simonyan and others, 2014).

        saliency[n, r, c] = the largest over the channels of | d scores[n, labels[n]] / d images[n, channel, r, c] |

    model: maps images to scores, (batch, classes). The scores are taken as they are, without softmax and loss.
    images: (batch, channels, height, width). labels: int64 (batch,), one class for each image.
    No argument changes. The model's parameters keep the `.grad` that they have: `torch.autograd.grad` gives a gradient
    without leaving one anywhere. Returns (batch, height, width).
    """
    # BEGIN SOLUTION
    pixels = images.detach().clone().requires_grad_()
    scores = model(pixels).gather(1, labels[:, None])  # (batch, 1)
    (gradient,) = torch.autograd.grad(scores.sum(), pixels)
    return gradient.abs().amax(dim=1)  # (batch, height, width)
    # END SOLUTION


class Convolution(Module):
    """A layer of your `conv2d` with its parameters. This is complete."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        spread = (2 / (in_channels * kernel * kernel)) ** 0.5  # keeps activations of one size (He and others, 2015)
        self.weight = Parameter(spread * torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, in, height, width). Returns (batch, out, rows, columns)."""
        return conv2d(x, self.weight, self.bias)


class LeNet(Module):
    """Reads digits: an encoder of two convolutions, then a head (LeCun and others, 1998; with ReLU and max pooling).

    classes: 10, or 5 where only some of the digits are told apart.

        part     layer                    output of an image   parameters
                 image                    1 x 28 x 28
        encoder  conv1, 6 filters 5 x 5   6 x 24 x 24          156
                 ReLU, max pooling by 2   6 x 12 x 12
                 conv2, 16 filters 5 x 5  16 x 8 x 8           2,416
                 ReLU, max pooling by 2   16 x 4 x 4
                 flatten                  256
        head     three linear layers      120, 84, 10          30,840 + 10,164 + 850

    Together: 44,426 parameters. One linear layer from the pixels to as many hidden units as conv1 has outputs would
    have 2.7 million.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1, self.conv2 = Convolution(1, 6, 5), Convolution(6, 16, 5)
        layers = [Linear(FEATURES, 120), Linear(120, 84), Linear(84, classes)]
        for layer in layers:
            kaiming_normal_(layer.weight, nonlinearity="relu")  # keeps sizes, as in `Convolution`
            zeros_(layer.bias)
        self.head: Module = Sequential(layers[0], ReLU(), layers[1], ReLU(), layers[2])

    def encode(self, x: Tensor) -> Tensor:
        """Return the features of images, as the table says. x: (batch, 1, 28, 28). Returns (batch, 256).

        `flatten(1)` joins channels, rows and columns.
        """
        # BEGIN SOLUTION
        x = max_pool(self.conv1(x), 2).relu()  # the same as ReLU before pooling, with a quarter of the work
        return max_pool(self.conv2(x), 2).relu().flatten(1)  # (batch, 256)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Return scores. x: (batch, 1, 28, 28). Returns (batch, classes). This is complete."""
        return self.head(self.encode(x))


def train_lenet(model: LeNet, dataset: Dataset) -> None:
    """Train a LeNet to read digits.

    Batches of a `DataLoader` are dictionaries: `batch["x"]`, float32 (batch, 1, 28, 28) from 0 (paper) to 1 (ink), and
    `batch["y"]`, int64 (batch,), the digit. There are 30,000 images. `dataset.get_validation_accuracy()` tells how many
    validation images are right, from 0 to 1.

    At least 97.5% of the test images must be right. A rate that rises at first and falls to almost 0 in the end gets
    there in one epoch.
    """
    # BEGIN SOLUTION
    loader = DataLoader(dataset, batch_size=60, shuffle=True, drop_last=True)
    optimizer = Adam(model.parameters(), betas=(0.9, 0.99))
    schedule = OneCycleLR(optimizer, 6e-3, total_steps=len(loader), pct_start=0.2, div_factor=5, cycle_momentum=False)
    for batch in loader:
        optimizer.zero_grad()
        cross_entropy(model(batch["x"]), batch["y"]).backward()
        optimizer.step()
        schedule.step()
    # END SOLUTION


def pretrain(model: LeNet, dataset: Dataset) -> None:
    """Train a LeNet whose encoder other digits will use.

    The dataset is that of `train_lenet`, but has 6,000 images of the digits 0 to 4 alone. At least 95% of the test
    images of these five digits must be right. The rest of the points asks how well the features suit the digits 5 to 9.
    `augment` helps. So does dropout between `model.encode` and `model.head` (`dropout(features, share)`; Srivastava and
    others, 2014): no feature can rely on another one.
    """
    # BEGIN SOLUTION
    loader = DataLoader(dataset, batch_size=32, shuffle=True, drop_last=True)
    optimizer = Adam(model.parameters(), betas=(0.9, 0.99))
    schedule = OneCycleLR(optimizer, 8e-3, total_steps=len(loader), pct_start=0.2, div_factor=5, cycle_momentum=False)
    for batch in loader:
        optimizer.zero_grad()
        features = dropout(model.encode(augment(batch["x"], 2, 15)), 0.4)
        cross_entropy(model.head(features), batch["y"]).backward()
        optimizer.step()
        schedule.step()
    # END SOLUTION


def train_head(model: LeNet, dataset: Dataset) -> None:
    """Give a trained model a new head for new digits, and train this head alone (feature extraction).

    1. Replace `model.head` by a new `Linear(FEATURES, NEW_CLASSES)`.
    2. Freeze the encoder: its parameters must not change, not even by a bit.
    3. Train the head. Afterwards the model must read more than 50% of its 50 training images, ten of each digit.
       Chance is 20%.

    Batches are those of `train_lenet`. There are few images: three of each of the digits 5 to 9, or ten of each. Their
    labels are 0 to 4. There are no validation images. `augment` makes more images of these. The encoder does not
    change, so the features of an image need to be computed once only.
    """
    # BEGIN SOLUTION
    model.head = Linear(FEATURES, NEW_CLASSES, device=model.conv1.weight.device)
    for layer in (model.conv1, model.conv2):
        layer.requires_grad_(False)
    batch = next(iter(DataLoader(dataset, batch_size=len(dataset))))  # type: ignore[arg-type]
    copies = 5
    images = torch.cat([batch["x"], augment(batch["x"].repeat(copies, 1, 1, 1), 2, 15)])
    with torch.no_grad():
        features = model.encode(images)
    labels = batch["y"].repeat(copies + 1)
    optimizer = Adam(model.head.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(150):
        optimizer.zero_grad()
        cross_entropy(model.head(features), labels).backward()
        optimizer.step()
    # END SOLUTION


def fine_tune(model: LeNet, dataset: Dataset) -> None:
    """Unfreeze the encoder, and train the whole model with a small rate, after `train_head`.

    The dataset is that of `train_head`. Every parameter must change. Large steps would overwrite what the encoder has
    learned. Afterwards the model is compared with a LeNet from nothing, trained on the same images. Errors on test
    images of the digits 5 to 9, divided by those of the LeNet from nothing, must be at most 0.91. This is the mean of
    two quotients: after three images of each digit, and after ten.
    """
    # BEGIN SOLUTION
    model.requires_grad_(True)
    optimizer = Adam(model.parameters(), lr=1e-3)
    for _ in range(20):
        for batch in DataLoader(dataset, batch_size=64):
            optimizer.zero_grad()
            cross_entropy(model(augment(batch["x"], 2, 15)), batch["y"]).backward()
            optimizer.step()
    # END SOLUTION
