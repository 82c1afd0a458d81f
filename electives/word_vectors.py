"""Elective 6: word vectors, learned from the words around a word. Fill in every part with NotImplementedError.

torch has cosine similarity ready-made. It is not allowed here: you write its core. `torch.nn.Embedding`, `logsigmoid`
and `torch.optim` are allowed.

Not allowed here: `torch.*cosine_similarity`, `torch.*CosineSimilarity`, `torch.*cosine_embedding*`,
`torch.*Cosine*Loss`, `torch.corrcoef`. In these names, `*` stands for any text. Also not allowed, as methods of a
tensor: `corrcoef`. Everything else of torch is allowed.

A word is an integer, its row in a table of vectors. A sentence is a list of such integers. The window says how far a
word looks: two words of a sentence are neighbours if they are at most `window` positions apart. The same word may occur
twice in a sentence; then the two are different positions, and may be neighbours.

All tensors of a call have one dtype, float32 or float64. No function changes its arguments.
"""

import torch
from torch import Tensor
from torch.nn import Embedding, Module
from torch.nn.functional import logsigmoid
from torch.optim import Adam
from torch.optim.lr_scheduler import LinearLR
from torch.utils.data import DataLoader, Dataset


def skip_gram_pairs(sentence: list[int], window: int) -> list[tuple[int, int]]:
    """Return what skip-gram learns from (Mikolov and others, 2013a): each word with each of its neighbours.

    sentence: words. window: an integer above 0.
    Returns tuples (centre, neighbour), one for each position and each of its neighbours, in any order. No position is
    its own neighbour.
    Example: skip_gram_pairs([7, 8, 9], 1) is [(7, 8), (8, 7), (8, 9), (9, 8)].
    """
    raise NotImplementedError("skip_gram_pairs: your code here")


def cbow_pairs(sentence: list[int], window: int) -> list[tuple[list[int], int]]:
    """Return what CBOW learns from (Mikolov and others, 2013a): all neighbours of a word together, and the word.

    Returns tuples (neighbours, centre), one for each position that has neighbours, in any order. `neighbours` is a
    list of words.
    Example: cbow_pairs([7, 8, 9], 1) is [([8], 7), ([7, 9], 8), ([8], 9)].
    """
    raise NotImplementedError("cbow_pairs: your code here")


def noise_distribution(counts: Tensor, power: float = 0.75) -> Tensor:
    """Return the probabilities with which words are drawn as noise (Mikolov and others, 2013b, section 2.2).

        probability of a word = count^power / sum over all words of count^power

    counts: how often each word occurs, (words,), 0 or more. Returns (words,). The probabilities add up to 1.
    No constant is added to the sum.
    """
    raise NotImplementedError("noise_distribution: your code here")


def negative_sampling_loss(centre: Tensor, neighbour: Tensor, noise: Tensor) -> Tensor:
    """Return the loss of skip-gram with negative sampling (Mikolov and others, 2013b, equation 4).

        loss of a pair = -log sigmoid(u . v) - sum over k of log sigmoid(-n_k . v)

    The loss is small if a word's vector v fits the vector u of its true neighbour. The vector v should not fit the
    vectors n_k of words that were drawn as noise. A dot is the scalar product of two vectors.
    centre: v of each pair, (batch, size).
    neighbour: u of each pair, (batch, size).
    noise: n_1, n_2, ... of each pair, (batch, noise words, size).
    Returns the mean loss over the batch, a tensor of shape (). Scalar products of 1,000 and of -1,000 are no problem.
    No constant is added to a sigmoid.
    """
    raise NotImplementedError("negative_sampling_loss: your code here")


def co_occurrences(sentences: list[list[int]], words: int, window: int) -> Tensor:
    """Return how often words are neighbours (Pennington and others, 2014, section 4.2), float64 (words, words).

    Row i, column j: the sum of 1 / distance over all positions of word i and all their neighbours that are word j. The
    distance is how many positions they are apart. Words of different sentences are no neighbours.
    sentences: lists of words. words: how many there are; all are below this.
    Example: co_occurrences([[0, 1, 0]], 2, 2) is [[1, 2], [2, 0]]. Both positions of word 0 count the other one, 1/2
    each.
    """
    raise NotImplementedError("co_occurrences: your code here")


def glove_weight(counts: Tensor, maximum: float = 100.0, power: float = 0.75) -> Tensor:
    """Return how much each co-occurrence matters to GloVe (Pennington and others, 2014, equation 9).

        weight = (count / maximum)^power  if count is below maximum, otherwise 1

    counts: of any shape, 0 or more. Returns weights of the same shape.
    """
    raise NotImplementedError("glove_weight: your code here")


def glove_loss(
    word: Tensor, context: Tensor, word_bias: Tensor, context_bias: Tensor, counts: Tensor, maximum: float = 100.0
) -> Tensor:
    """Return the loss of GloVe (Pennington and others, 2014, equation 8), as a mean over the batch.

        loss of a pair = weight(X) * (w . c + b + d - log X)^2

    A batch holds pairs of words that co-occur. `glove_weight(counts, maximum)` gives the weights.
    word, context: w and c of each pair, (batch, size).
    word_bias, context_bias: b and d of each pair, (batch,).
    counts: X of each pair, (batch,), above 0. log is the natural logarithm. No constant is added to X.
    Returns a tensor of shape ().
    """
    raise NotImplementedError("glove_loss: your code here")


def cosine_similarity(one: Tensor, other: Tensor) -> Tensor:
    """Return the cosine of the angle between each vector of one table and each vector of another.

        cosine of a and b = a . b / (length of a * length of b)

    one: (rows, size). other: (columns, size). Returns (rows, columns), from -1 to 1. A vector of zeros has the
    similarity 0 to all others. No constant is added to a length.
    """
    raise NotImplementedError("cosine_similarity: your code here")


def nearest(vectors: Tensor, word: int, count: int) -> list[int]:
    """Return the words that are most similar to a word, by cosine: the most similar first, without the word itself.

    vectors: (words, size). word: a row. count: how many words to return, fewer than there are words.
    """
    raise NotImplementedError("nearest: your code here")


def analogy(vectors: Tensor, first: int, second: int, third: int) -> int:
    """Answer: `first` is to `second` as `third` is to which word? (Mikolov and others, 2013c)

        target = unit(second) - unit(first) + unit(third)

    unit(word) is the word's vector, divided by its length. The answer is the word whose vector is most similar to the
    target, by cosine. None of the three words is the answer.
    vectors: (words, size). No vector is 0. Returns a row.
    Example: with good vectors, "man is to woman as king is to ..." gives queen.
    """
    raise NotImplementedError("analogy: your code here")


class WordVectors(Module):
    """Two vectors for each word. This is complete.

    word: the table of words themselves: `model.word(x)` of words (batch,) is (batch, size).
    context: the table of words as neighbours of others, and as noise.
    """

    def __init__(self, words: int, size: int) -> None:
        super().__init__()
        self.word, self.context = Embedding(words, size), Embedding(words, size)
        for table in (self.word, self.context):
            torch.nn.init.uniform_(table.weight, -0.5 * size**-0.5, 0.5 * size**-0.5)


class GloveVectors(WordVectors):
    """Two vectors and two biases for each word. This is complete.

    word_bias, context_bias: `model.word_bias(x)` of words (batch,) is (batch, 1).
    """

    def __init__(self, words: int, size: int) -> None:
        super().__init__(words, size)
        self.word_bias, self.context_bias = Embedding(words, 1), Embedding(words, 1)
        for table in (self.word_bias, self.context_bias):
            torch.nn.init.zeros_(table.weight)


def train_skip_gram(model: WordVectors, dataset: Dataset) -> None:
    """Train the vectors of a model by skip-gram with negative sampling, on pairs of words from 16,000 haiku.

    Batches of a `DataLoader` are dictionaries: `batch["x"]`, int64 (batch,), a word, and `batch["y"]`, int64 (batch,),
    one of its neighbours. There are about 660,000 pairs. `model.word` gives the vectors of centres. `model.context`
    gives those of neighbours and of noise.
    dataset.counts: how often each word occurs, float32 (words,). dataset.words: the words as text, a list.
    `torch.multinomial(probabilities, count, replacement=True)` draws words; each pair needs some of its own, 5 for
    example. Batches of about 1,000 pairs keep it quick. One or two epochs are enough.
    """
    raise NotImplementedError("train_skip_gram: your code here")


def train_glove(model: GloveVectors, dataset: Dataset) -> None:
    """Train the vectors and biases of a model by GloVe, on the co-occurrences of 6,000 sentences about people.

    Batches of a `DataLoader` are dictionaries: `batch["x"]` and `batch["y"]`, int64 (batch,), two words, and
    `batch["count"]`, float32 (batch,), their co-occurrence. There are about 7,000 pairs, all that are above 0. The sum
    of a word's two vectors is graded, as in the paper.
    dataset.words: the words as text, a list.
    The vectors should also fit the counts of other sentences. Half of all counts are below 13, the largest are above
    1,000: which `maximum` makes small counts matter? 30 epochs in batches of 256 take a second.
    """
    raise NotImplementedError("train_glove: your code here")
