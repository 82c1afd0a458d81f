"""Elective 10: adversarial networks. Fill in every part with NotImplementedError.

Two networks train against each other (Goodfellow and others, 2014). The generator turns noise into samples. The
discriminator tells real samples from generated ones. It gives one logit for each sample:

    probability that a sample is real = sigmoid(logit)

Nothing of torch is forbidden here.

Everything of `torch.nn` and `torch.optim` is allowed, convolutions, too. `binary_cross_entropy_with_logits` is allowed
as well. Tensors are float32 in training. The functions are also called in float64.
"""

import torch
from torch import Tensor, nn
from torch.nn import Module
from torch.nn.functional import one_hot, softplus
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

CLASSES = 10  # digits
PIXELS = 196  # of an image of 14 x 14, row by row from the top


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the loss of the discriminator: binary cross-entropy, with 1 for real samples and 0 for generated ones.

        loss = mean of -log(sigmoid(real_logits))  +  mean of -log(1 - sigmoid(fake_logits))

    The two means are added, not averaged. real_logits and fake_logits: the discriminator's logits, of any shape. The
    two may differ in number. Returns a tensor of shape ().
    Logits of 1,000 and -1,000 must give finite losses. log(sigmoid(x)) does not: sigmoid(-1000) is 0. No constant is
    added to a sigmoid. This holds:

        -log(sigmoid(x)) = softplus(-x)        -log(1 - sigmoid(x)) = softplus(x)
    """
    raise NotImplementedError("discriminator_loss: your code here")


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Return the non-saturating loss of the generator: it wants its samples to be taken for real ones.

        loss = mean of -log(sigmoid(fake_logits))

    fake_logits: the discriminator's logits of generated samples, of any shape. Returns a tensor of shape ().
    No constant is added to the sigmoid.
    The other form, the mean of log(1 - sigmoid(fake_logits)), is not asked for. Its slope is almost 0 where the
    discriminator is sure, which is where the generator has most to learn.
    """
    raise NotImplementedError("generator_loss: your code here")


def discriminator_step(
    discriminator: Module, generator: Module, optimizer: Optimizer, real: Tensor, noise: Tensor, *labels: Tensor
) -> float:
    """Take one step of the discriminator's optimizer. Return the loss before the step, a float.

    optimizer: holds the parameters of the discriminator.
    real: real samples, (batch, size). noise: what the generator makes samples of, (batch, noise_size).
    labels: nothing, or one tensor of classes, int64 (batch,). Both networks get it after their input:
    `generator(noise, *labels)`, `discriminator(real, *labels)`.

    1. Generate samples from the noise, without a graph: `detach()`, or `torch.no_grad()`. Otherwise `backward()` also
       computes gradients of the generator, which does not learn here.
    2. Reset the gradients of the discriminator. The latest step of the generator left some.
    3. Compute `discriminator_loss`, go backward, take a step.

    The generator's weights and its `.grad` stay as they are.
    """
    raise NotImplementedError("discriminator_step: your code here")


def generator_step(
    discriminator: Module, generator: Module, optimizer: Optimizer, noise: Tensor, *labels: Tensor
) -> float:
    """Take one step of the generator's optimizer. Return the loss before the step, a float.

    optimizer: holds the parameters of the generator. The other arguments are those of `discriminator_step`.
    The gradient of `generator_loss` flows through the discriminator back to the generator. Nothing is detached here.
    The discriminator's weights stay as they are. Its `.grad` may change; `discriminator_step` resets it.
    Reset the gradients of the generator before `backward()`.
    """
    raise NotImplementedError("generator_step: your code here")


def with_class(x: Tensor, labels: Tensor) -> Tensor:
    """Return each row of x followed by its class as a one-hot row (Mirza and Osindero, 2014).

    x: (batch, size). labels: classes from 0 to CLASSES - 1, int64 (batch,).
    Returns (batch, size + CLASSES), of the dtype of x: first the row of x, then CLASSES numbers. They are all 0, except
    for a 1 at the class.
    """
    raise NotImplementedError("with_class: your code here")


class ConditionalGenerator(Module):
    """Makes images of the digits that are asked for.

    noise_size: numbers of noise for each image.

    The layers are your choice. Two hidden layers of 128 units are enough. `BatchNorm1d` before each ReLU helps much
    (Radford and others, 2016): without it, the discriminator learns much faster than the generator. A sigmoid at the
    end keeps pixels between 0 and 1.
    """

    def __init__(self, noise_size: int) -> None:
        super().__init__()
        raise NotImplementedError("ConditionalGenerator.__init__: your code here")

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return images, (batch, PIXELS), 0 paper to 1 ink.

        noise: standard normal numbers, (batch, noise_size). labels: the digits to make, int64 (batch,). `with_class`
        joins the two.
        """
        raise NotImplementedError("ConditionalGenerator.forward: your code here")


class ConditionalDiscriminator(Module):
    """Tells real images of a digit from generated ones.

    The layers are your choice. `with_class` may join images and digits. Or there are ten outputs, one for each digit,
    and the label chooses one: `outputs.gather(1, labels[:, None])[:, 0]` (after Miyato and Koyama, 2018). Normal noise
    of standard deviation 0.2, added to all images here during training, keeps generated digits varied (Sonderby and
    others, 2017): the discriminator cannot tell images by single pixels then. `self.training` is True in training.
    """

    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError("ConditionalDiscriminator.__init__: your code here")

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return logits, (batch,). No sigmoid comes at the end: the losses take logits.

        images: (batch, PIXELS). labels: the digits that the images should show, int64 (batch,).
        """
        raise NotImplementedError("ConditionalDiscriminator.forward: your code here")


class Adversaries(Module):
    """A generator and a discriminator. This is complete."""

    def __init__(self, generator: Module, discriminator: Module, noise_size: int) -> None:
        super().__init__()
        self.generator, self.discriminator, self.noise_size = generator, discriminator, noise_size

    def noise(self, count: int) -> Tensor:
        """Draw noise for `count` samples: standard normal numbers, (count, noise_size)."""
        return torch.randn(count, self.noise_size, device=next(self.parameters()).device)

    def sample(self, noise: Tensor, *labels: Tensor) -> Tensor:
        """Return generated samples, (count, size)."""
        return self.generator(noise, *labels)


class RingAdversaries(Adversaries):
    """Networks for points in the plane: noise (batch, 2) to points (batch, 2), points to logits. This is complete."""

    def __init__(self) -> None:
        generator = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
        layers = [nn.Linear(2, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1)]
        super().__init__(generator, nn.Sequential(*layers), noise_size=2)


class DigitAdversaries(Adversaries):
    """Your conditional networks for digits, with 32 numbers of noise for each image. This is complete."""

    def __init__(self) -> None:
        super().__init__(ConditionalGenerator(32), ConditionalDiscriminator(), noise_size=32)


def alternate(
    model: Adversaries, dataset: Dataset, steps: int, generator_rate: float, discriminator_rate: float
) -> None:
    """Let both networks learn in turn: a step of the discriminator, then one of the generator, `steps` times.

    Batches of a `DataLoader` are dictionaries. batch["x"]: real samples, float32 (batch, size). batch["y"]: their
    classes, int64 (batch,), where samples have classes. Generated samples then get the classes of the real ones.
    generator_rate, discriminator_rate: learning rates at first.

    `model.noise(count)` draws noise. Each of the two steps gets noise of its own. Each network has an optimizer of its
    own, made once, before the loop. Adam with `betas=(0.5, 0.9)` is usual: more momentum makes the weights of both
    oscillate (Radford and others, 2016). The two circle around the solution anyway. Rates that fall to 0 in the second
    half bring them closer: `torch.optim.lr_scheduler`, or numbers that you set in `optimizer.param_groups[0]["lr"]`.
    """
    raise NotImplementedError("alternate: your code here")


def train_ring(model: RingAdversaries, dataset: Dataset) -> None:
    """Train a generator to make points as on a ring of eight modes: call `alternate` with numbers of your choice.

    There are 20,000 points, float32 (batch, 2) in batches. They lie around eight centres on a circle of radius 2, with
    a standard deviation of 0.1. A generator that makes only some of the eight modes has collapsed.
    1,000 to 1,500 steps with rates of about 1e-3 are enough in batches of 128. Take at most 3,000, so that the check
    takes seconds.
    """
    raise NotImplementedError("train_ring: your code here")


def train_digits(model: DigitAdversaries, dataset: Dataset) -> None:
    """Train a generator to make the digits that are asked for: call `alternate` with numbers of your choice.

    There are 12,000 images of 14 x 14 pixels, 0 paper to 1 ink, and their digits. The generator is then used in
    evaluation mode, with noise that the grader draws.
    About 1,000 steps are enough in batches of 128. Take at most 3,000. Rates of 2e-3 are not too large here.
    """
    raise NotImplementedError("train_digits: your code here")
