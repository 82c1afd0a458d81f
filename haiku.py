"""Question 8: a chatbot that answers only in haiku. Fill in every part marked with NotImplementedError.

The model is question 7's `GPT`, over words in place of characters. `python chat.py` trains it, first on thousands of
haiku that a grammar made, then on those that people wrote, and chats. What surrounds these functions is in haiku_bot/.
"""

from torch import Generator, Tensor, cat, full_like, inf, int64, multinomial, no_grad, ones, tensor, where, zeros
from torch.nn import Module
from torch.nn.functional import cross_entropy, softmax

from haiku_bot.vocabulary import Form


def encode_example(prompt: list[int], verse: list[int], length: int, pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Lay out one training example: what the model reads, what it should say next, and where that counts.

    prompt, verse: token ids, neither empty. length: at least len(prompt) + len(verse) - 1.
    Returns inputs int64 (length,), targets int64 (length,), mask float32 (length,).

    The inputs are the prompt and then the verse without its last token. The target at each position is the token that
    comes next. The positions that remain on the right hold `pad`, in inputs and targets. The mask is 1 where the target
    belongs to the verse, and 0 elsewhere. So the tokens of the prompt and `pad` do not count in the loss.
    """
    raise NotImplementedError("encode_example: your code here")


def masked_loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nats, of the tokens that the mask counts: a scalar.

    logits: (batch, time, vocab). targets: int64 (batch, time). mask: (batch, time), 1 where it counts and 0 elsewhere,
    1 somewhere. Each counted token of the whole batch weighs the same, however long its verse.
    """
    raise NotImplementedError("masked_loss: your code here")


def sample_next(logits: Tensor, temperature: float, top_k: int, generator: Generator) -> Tensor:
    """Draw one token for each row of logits. logits: (batch, vocab), -inf where a token is forbidden.

    temperature: above 0; the logits are divided by it before the softmax. top_k: how many of the highest logits of a
    row can be drawn (all, if the vocabulary is smaller). generator: the only source of random numbers. Returns int64
    (batch,).
    """
    raise NotImplementedError("sample_next: your code here")


def allowed_tokens(left: Tensor, line: Tensor, form: Form) -> Tensor:
    """Say which tokens may come next, for each verse of a batch: bool (batch, vocab).

    left: int64 (batch,), the syllables that are left in the present line. line: int64 (batch,), its number from 0.
    form: see haiku_bot/vocabulary.py.

    While syllables are left, a word may come that has no more syllables than that. A word that takes them all must be
    one that may end a line. When none is left, only marks may come: `form.breaks`, or after the last line `form.end`.
    """
    raise NotImplementedError("allowed_tokens: your code here")


@no_grad()
def write_haiku(
    model: Module, prompts: Tensor, form: Form, temperature: float, top_k: int, generator: Generator
) -> Tensor:
    """Write one verse for each prompt, in form.

    model: maps ids (batch, time) to logits (batch, time, vocab). prompts: int64 (batch, prompt time).
    Returns int64 (batch, time), the verses alone: each ends with `form.end`, and what follows it is `form.pad`.

    Step by step, for all verses at once: the model gives the logits of the next token. Tokens that `allowed_tokens`
    forbids get the logit -inf, and `sample_next` draws. Count the syllables left and the line. Stop when every verse
    has ended.
    """
    raise NotImplementedError("write_haiku: your code here")


if __name__ == "__main__":
    print("These are the parts of the chatbot. To train it and to chat: python chat.py")
