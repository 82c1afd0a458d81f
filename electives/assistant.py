"""Elective 12: from a language model to an assistant. Fill in every part with NotImplementedError.

The language model is your `GPT` of question 7. It has been trained already: it has read 15,000 haiku and writes new
ones. You give it another task, and you teach it what people prefer.

Not allowed here: `torch.nn.*Conv?d`, `torch.nn.*ConvTranspose?d`, `torch.nn.modules.conv*`, `torch.conv*`,
`torch.nn.functional.conv*`, `torch.nn.*Unfold`, `torch.nn.*unfold`, `torch.nn.MultiheadAttention`,
`torch.nn.Transformer*`, `torch.nn.functional.scaled_dot_product_attention`,
`torch.nn.functional.multi_head_attention_forward`. In these names, `*` stands for any text and `?` stands for one
letter. Everything else of torch is allowed.

A verse is a row of token ids: START, the words and marks of three lines, END, then PAD up to 21 tokens. Verses are
int64 tensors (batch, 21). All other tensors of a call have one dtype, float32 or float64. No function changes its
arguments, except the training functions, which change the model.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module
from torch.nn.functional import cross_entropy, logsigmoid
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LinearLR
from torch.utils.data import DataLoader, Dataset

PAD, START, END = 0, 1, 5  # the ids of these tokens


def verse_log_probabilities(model: Module, verses: Tensor) -> Tensor:
    """Return how likely a language model finds each verse: the logarithm of its probability, in nats, (batch,).

        log p(verse) = sum over all tokens after START of log p(token | the tokens before it)

    model: `model(ids)` of ids (batch, time) is logits (batch, time, vocabulary). At position i they score the token at
    position i + 1. A softmax over the vocabulary turns them into probabilities.
    verses: int64 (batch, time). END belongs to the verse. PAD does not: it adds nothing to the sum.
    No constant is added to a probability.
    Gradients reach the model.
    """
    raise NotImplementedError("verse_log_probabilities: your code here")


def pool(hidden: Tensor, verses: Tensor) -> Tensor:
    """Return one vector for each verse: the mean of its hidden states, those at PAD left out.

    hidden: (batch, time, size), a vector at each position. verses: int64 (batch, time), each with a token or more that
    is not PAD. No constant is added to the number of hidden states. Returns (batch, size).
    """
    raise NotImplementedError("pool: your code here")


class VerseReader(Module):
    """A language model that reads verses and tells something about each. This is complete.

    All of the language model but its output layer is used. A new linear layer takes the place of the output layer.

    language_model: a `GPT`. outputs: how many numbers to tell: a logit for each theme, or one reward.
    """

    def __init__(self, language_model: Any, outputs: int) -> None:
        super().__init__()
        self.language_model = language_model
        self.head = Linear(language_model.norm.normalized_shape[0], outputs)

    def forward(self, verses: Tensor) -> Tensor:
        """Read verses, int64 (batch, time), into outputs, (batch, outputs)."""
        return self.head(pool(hidden_states(self.language_model, verses), verses))


def hidden_states(language_model: Any, verses: Tensor) -> Tensor:
    """Return what a `GPT` has at each position before its output layer, (batch, time, size). This is complete."""
    positions = torch.arange(verses.shape[1], device=verses.device)
    states = language_model.token_embedding(verses) + language_model.position_embedding(positions)
    for block in language_model.blocks:
        states = block(states)
    return language_model.norm(states)


def preference_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Return the loss of a reward model (Ouyang and others, 2022, equation 1), as a mean over the batch.

        loss of a pair = -log sigmoid(reward of the chosen verse - reward of the rejected verse)

    sigmoid(difference) is the probability, after Bradley and Terry (1952), that a person prefers the chosen verse.
    chosen, rejected: rewards, (batch,). Returns a tensor of shape (). Differences of 1,000 and -1,000 are no problem.
    No constant is added to the sigmoid.
    """
    raise NotImplementedError("preference_loss: your code here")


def dpo_loss(
    policy_chosen: Tensor, policy_rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor, beta: float
) -> Tensor:
    """Return the loss of direct preference optimization (Rafailov and others, 2023, equation 7), a mean over the batch.

        implicit reward of a verse = beta * (log p(verse) of the policy - log p(verse) of the reference)
        loss of a pair = -log sigmoid(implicit reward of the chosen verse - implicit reward of the rejected verse)

    The policy is the model in training. The reference is the model as it was before.
    Four tensors (batch,): log-probabilities of the chosen verses and of the rejected verses, of each of the two models.
    beta: above 0. Small values let the policy move far away from the reference. No constant is added to the sigmoid.
    Returns a tensor of shape ().
    """
    raise NotImplementedError("dpo_loss: your code here")


def dpo_step(
    policy: Module, reference: Module, optimizer: Optimizer, chosen: Tensor, rejected: Tensor, beta: float
) -> float:
    """Take one step of direct preference optimization: the loss, its gradient, one step of the optimizer.

    policy, reference: language models, see `verse_log_probabilities`. Only the policy learns. No gradient reaches the
    reference.
    optimizer: has the policy's parameters. Gradients that are left from before do not count.
    chosen, rejected: verses, int64 (batch, time); row by row, a person preferred the first to the second.
    Returns the loss before the step, a float.
    """
    raise NotImplementedError("dpo_step: your code here")


def best_of_n(verses: Tensor, rewards: Tensor, n: int) -> Tensor:
    """Return of each n verses the one with the highest reward: a better answer without any training.

    verses: int64 (groups * n, time). The first n rows are the first group, the next n rows the second, and so on.
    rewards: (groups * n,). Returns int64 (groups, time), in the order of the groups.
    """
    raise NotImplementedError("best_of_n: your code here")


def fine_tune(model: VerseReader, dataset: Dataset) -> None:
    """Train a reader to tell the theme of a verse, by cross-entropy.

    Batches of a `DataLoader` are dictionaries: `batch["x"]`, verses, int64 (batch, 21), and `batch["y"]`, themes, int64
    (batch,). `model(batch["x"])` gives logits (batch, 6).
    This function is called three times: for a reader whose language model has read haiku, with 100 verses; and to
    compare, for readers that start from nothing, with 100 and with 1,000 verses. The first one is graded. It must tell
    at least 53% of new verses right. It may make at most 0.95 times as many errors as the reader from nothing with the
    same 100 verses. No point depends on the 1,000 verses. 80 steps in batches of 32 are enough.
    """
    raise NotImplementedError("fine_tune: your code here")


def train_reward(model: VerseReader, dataset: Dataset) -> None:
    """Train a reader to give rewards: verses that people prefer get higher ones.

    Batches of a `DataLoader` are dictionaries: `batch["chosen"]` and `batch["rejected"]`, verses, int64 (batch, 21).
    Row by row, a person preferred the first verse. One person in ten has another taste than all others.
    `model(verses)` gives rewards, (batch, 1). There are 800 pairs. 60 steps in batches of 32 pairs are enough.
    In at least 80% of new pairs, the verse that most people prefer must have the higher reward. Of the best of 8 verses
    by reward, at least 45% must be of the preferred kind.
    """
    raise NotImplementedError("train_reward: your code here")


def train_dpo(policy: Module, dataset: Dataset) -> None:
    """Train a language model by direct preference optimization, on the pairs of `train_reward`.

    policy: your `GPT`, which has read haiku. It comes without a reference: the reference is a copy of the policy,
    made before the first step. `copy.deepcopy` copies a model.
    Afterwards the policy writes 500 verses:
    - What people prefer must come at least twice as often as before.
    - At least 60% of the verses must have exactly 5, 7 and 5 syllables.
    - At least 95% of the verses must be different from each other.
    - The loss on other haiku may rise by at most 0.3 nats per token.
    - The grader then takes from each word's logit what it has gained at all tokens alike. The share of the preferred
      kind before must still be at most 0.75 of the share after.
    Beta, the learning rate and the number of steps decide how far the policy moves: 50 to 100 steps are enough.
    """
    raise NotImplementedError("train_dpo: your code here")


def batches_without_end(dataset: Dataset, batch_size: int, steps: int) -> Iterator[dict[str, Tensor]]:
    """Give shuffled batches, again from the start when all have been given, until there were `steps`. Complete."""
    given = 0
    while given < steps:
        for batch in DataLoader(dataset, batch_size=batch_size, shuffle=True):
            yield batch
            given += 1
            if given == steps:
                return
