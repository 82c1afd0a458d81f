"""Elective 9: autoencoders, denoising and variational autoencoders. Fill in every part with NotImplementedError.

An autoencoder turns an image into a few numbers, its latent, and these into the image again. A variational autoencoder
(VAE) knows where latents lie, so it can draw new images, too. PCA is the best that linear layers can do.

Images are float tensors (batch, 784): a digit of 28 x 28 pixels in one row, 0 is paper, 1 is ink. No function here
needs labels. `torch.linalg`, the losses of `torch.nn.functional` and `torch.optim` are allowed.

Tensors are float32 in training. The functions are also called in float64, and keep the dtype of their arguments.

Not allowed here: `torch.distributions*`, `torch.pca_lowrank`, `torch.svd_lowrank`, `torch.lobpcg`,
`torch.nn.functional.kl_div`, `torch.nn.KLDivLoss`, `torch.kl_div`, `torch.lerp`. In these names, `*` stands for any
text. Also not allowed, as methods of a tensor: `lerp`. Everything else of torch is allowed.
"""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import Linear, Module, ReLU, Sequential
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset

PIXELS = 784  # 28 x 28
NOISE = 0.6  # standard deviation of the noise that `train_denoiser` and its test add to each pixel


def add_noise(images: Tensor, deviation: float) -> Tensor:
    """Return images plus Gaussian noise.

    images: (batch, pixels). deviation: the noise's standard deviation, from 0 up.
    Every pixel of every image gets a draw of its own from the normal distribution with mean 0. Each call draws again.
    The sums are not clipped to [0, 1]. `images` stays as it is. Returns (batch, pixels).
    """
    raise NotImplementedError("add_noise: your code here")


def psnr(images: Tensor, clean: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of images in decibels. The largest pixel value is 1.

        psnr = -10 log10(mse)

    images, clean: (batch, pixels). mse: the mean of the squared differences over all pixels of all images.
    No constant is added to mse. Returns one number. Example: a difference of 0.1 in every pixel gives 20 decibels.
    """
    raise NotImplementedError("psnr: your code here")


def fit_pca(images: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Find the principal components of images (Pearson, 1901; Hotelling, 1933).

    images: (count, pixels), any number of pixels. size: how many components.
    Returns two tensors:
    - mean: (pixels,), the mean image.
    - components: (size, pixels). The rows have length 1 and are at right angles to each other. Row 0 is the direction
      in which the images differ most from the mean: the eigenvector of their covariance matrix with the largest
      eigenvalue. Row 1 has the second largest, and so on. The sign of a row is up to you.
    `torch.linalg.eigh` sorts eigenvalues from small to large; its eigenvectors are columns. `torch.linalg.svd` of the
    centred images sorts from large to small; the right singular vectors are rows.
    """
    raise NotImplementedError("fit_pca: your code here")


def reconstruct_by_pca(images: Tensor, mean: Tensor, components: Tensor) -> Tensor:
    """Turn images into one number for each component, and these into images again.

        latent         = (images - mean) components^T
        reconstruction = mean + latent components

    images: (batch, pixels). mean, components: as `fit_pca` returns them. Returns (batch, pixels).
    """
    raise NotImplementedError("reconstruct_by_pca: your code here")


def layers(*sizes: int) -> Sequential:
    """Linear layers of these sizes with ReLU between them: `layers(784, 100, 16)` has two. This is complete."""
    parts: list[Module] = []
    for before, after in pairwise(sizes):
        parts += [Linear(before, after), ReLU()]
    return Sequential(*parts[:-1])


class Autoencoder(Module):
    """Turns an image into few numbers, and these into the image again (Hinton and Salakhutdinov, 2006)."""

    def __init__(self, *sizes: int) -> None:
        """Call `super().__init__()`, then set two attributes, made by `layers`.

        sizes: of the encoder, from PIXELS to the latent. An example is `Autoencoder(784, 192, 16)`.
        self.encoder: layers of these sizes.
        self.decoder: layers of the same sizes in reverse, from the latent to PIXELS.
        The grader computes with your trained weights, so these two hold all parameters.
        """
        raise NotImplementedError("Autoencoder.__init__: your code here")

    def encode(self, images: Tensor) -> Tensor:
        """Return what the encoder makes of images (batch, 784): the latent, (batch, numbers), any values."""
        raise NotImplementedError("Autoencoder.encode: your code here")

    def decode(self, latent: Tensor) -> Tensor:
        """Return images (batch, 784) of a latent (batch, numbers): the sigmoid of what the decoder makes of it."""
        raise NotImplementedError("Autoencoder.decode: your code here")

    def forward(self, images: Tensor) -> Tensor:
        """Return the reconstruction of images (batch, 784), of the same shape. This is complete."""
        return self.decode(self.encode(images))


def train_autoencoder(model: Autoencoder, dataset: Dataset) -> None:
    """Train a model to give back its input.

    Batches of a `DataLoader` are dictionaries with one entry: `batch["x"]`, float32 (batch, 784) from 0 to 1. There are
    12,000 images. The input is the target, too: the loss is the mean squared error of the reconstruction.

    With `Autoencoder(784, 192, 16)`, the error on test images must be at most 90% of that of PCA with 16 components.
    Three passes over the images suffice where the learning rate rises at first and falls to almost 0 in the end.
    """
    raise NotImplementedError("train_autoencoder: your code here")


def train_denoiser(model: Autoencoder, dataset: Dataset) -> None:
    """Train a model to remove noise (Vincent and others, 2008).

    The model's input is an image with noise of the standard deviation NOISE, new noise each time. The target is the
    image without noise. The loss is the mean squared error. Batches are those of `train_autoencoder`. The model is
    `Autoencoder(784, 256)`: its latent has room for noise. The target has none, so the model learns to remove noise.

    Of the noise in test images, at most 9% of the squared error may be left. So psnr rises by at least 10.5 decibels.
    """
    raise NotImplementedError("train_denoiser: your code here")


def reparameterize(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw from normal distributions so that gradients reach their parameters (Kingma and Welling, 2014).

        z = mean + sigma * epsilon,   epsilon from the normal distribution N(0, 1)

    mean: any shape. log_variance: of the same shape, the natural logarithm of sigma^2, so sigma =
    exp(log_variance / 2). Every entry has an epsilon of its own. Each call draws again. The draw has no parameters:
    gradients flow through mean and sigma. Returns z, of the same shape.
    """
    raise NotImplementedError("reparameterize: your code here")


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return how far N(mean, sigma^2) is from N(0, 1), for each image, in nats (Kullback and Leibler, 1951).

        KL = 1/2 * the sum over the entries of  (mean^2 + sigma^2 - 1 - log sigma^2)

    mean, log_variance: (batch, latent_size); log_variance is log sigma^2. No constant is added to sigma^2.
    Returns (batch,).
    This is the mean of log q(z) - log p(z) over draws z from q = N(mean, sigma^2), with p = N(0, 1).
    """
    raise NotImplementedError("kl_divergence: your code here")


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Return how badly logits describe images, for each image, in nats.

        loss = - the sum over the pixels of  (x log p + (1 - x) log(1 - p)),   p = sigmoid(logit)

    logits: (batch, pixels), any numbers, such as 1,000. images: (batch, pixels), x from 0 to 1. log is the natural
    logarithm. No constant is added to p. Returns (batch,), finite. `binary_cross_entropy_with_logits` has a parameter
    `reduction`.
    """
    raise NotImplementedError("reconstruction_loss: your code here")


def elbo(logits: Tensor, images: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the evidence lower bound of each image, in nats. Training makes it large.

        ELBO = - reconstruction_loss - KL

    logits, images: (batch, pixels). mean, log_variance: (batch, latent_size), of the distribution that the latent was
    drawn from. Returns (batch,), none above 0.
    """
    raise NotImplementedError("elbo: your code here")


class VAE(Module):
    """A variational autoencoder (Kingma and Welling, 2014). The latent of an image is a distribution, not a point."""

    def __init__(self, latent_size: int = 10) -> None:
        """Call `super().__init__()`, then set three attributes.

        self.latent_size: the argument.
        self.encoder: from PIXELS numbers to 2 * latent_size, first the means, then the logarithms of the variances.
        self.decoder: from latent_size numbers to PIXELS.
        `layers` makes both. How many layers there are, and their sizes between the ends, is your choice: 100 to 300
        units train fast. The grader computes with your trained weights, so these two hold all parameters.
        """
        raise NotImplementedError("VAE.__init__: your code here")

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log_variance of images (batch, 784), each of them (batch, latent_size)."""
        raise NotImplementedError("VAE.encode: your code here")

    def decode(self, latent: Tensor) -> Tensor:
        """Return logits (batch, 784) of a latent (batch, latent_size): what the decoder makes of it, no sigmoid."""
        raise NotImplementedError("VAE.decode: your code here")

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (batch, 784), mean and log_variance (batch, latent_size) of images (batch, 784).

        The decoder gets one draw of the latent for each image, by `reparameterize`, in training and in evaluation.
        """
        raise NotImplementedError("VAE.forward: your code here")


def train_vae(model: VAE, dataset: Dataset) -> None:
    """Train a VAE: the loss is minus the mean of `elbo` over the batch. Batches are those of `train_autoencoder`.

    With a latent of 10 numbers, minus the ELBO must be at most 160 nats for a test image. A model that gives every
    image the same answer has at least 203. At least 20% of the images that the decoder makes of draws from N(0, 1) must
    be read as some digit by the grader's own classifier.
    """
    raise NotImplementedError("train_vae: your code here")


def generate(model: VAE, count: int) -> Tensor:
    """Draw new images: the latent comes from N(0, 1), the decoder makes an image of it.

    model: has `latent_size`, and `decode` gives logits. Each image has a latent of its own.
    Returns (count, 784), the sigmoids of the logits.
    """
    raise NotImplementedError("generate: your code here")


def interpolate(start: Tensor, end: Tensor, count: int) -> Tensor:
    """Return points on the straight line from one latent to another, evenly spaced.

    start, end: (latent_size,). count: 2 or more points. The first is start, the last is end.
    Returns (count, latent_size). A decoder turns these points into the images of a walk.
    """
    raise NotImplementedError("interpolate: your code here")
