"""Elective 7: translation with attention. Fill in every part with NotImplementedError.

torch's `GRU`, `Embedding`, `Linear`, `pack_padded_sequence`, `clip_grad_norm_` and `torch.optim` are allowed. Its
ready-made attention is not: you write its core.

Not allowed here: `torch.nn.*Conv?d`, `torch.nn.*ConvTranspose?d`, `torch.nn.modules.conv*`, `torch.conv*`,
`torch.nn.functional.conv*`, `torch.nn.*Unfold`, `torch.nn.*unfold`, `torch.nn.MultiheadAttention`,
`torch.nn.Transformer*`, `torch.nn.functional.scaled_dot_product_attention`,
`torch.nn.functional.multi_head_attention_forward`. In these names, `*` stands for any text and `?` stands for one
letter. Everything else of torch is allowed.

Sentences are rows of word numbers, int64. Three numbers have a meaning of their own in both languages:

- PADDING, 0, fills a row behind its sentence. A batch is as wide as its longest sentence.
- BEGIN, 1, is what the decoder reads before its first word. No row of the data holds it.
- END, 2, is the last word of each target sentence. Source sentences have none.

Names of sizes: `batch` sentences; `source` words of a source sentence, padding included; `target` words of a target
sentence, padding included; `units` numbers of a state; `words` numbers that a language has.

Tensors are float32 in training. The functions are also called in float64, and keep the dtype of their arguments.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import exp, log

import torch
from torch import Tensor
from torch.nn import GRU, Embedding, Linear, Module, Parameter
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset

PADDING, BEGIN, END = 0, 1, 2

Step = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def dot_score(queries: Tensor, keys: Tensor) -> Tensor:
    """Score each key for each query by their scalar product (Luong and others, 2015).

        score(q, k) = q . k

    queries: states of the decoder, (batch, target, units). keys: states of the encoder, (batch, source, units).
    Returns (batch, target, source). Entry [b, t, s] is the score of query t and key s of sentence b. No scaling.
    """
    # BEGIN SOLUTION
    return queries @ keys.mT  # (batch, target, source)
    # END SOLUTION


def general_score(queries: Tensor, keys: Tensor, weight: Tensor) -> Tensor:
    """Score each key for each query with a matrix between them (Luong and others, 2015).

        score(q, k) = q . (W k)

    q and k are columns; W is `weight`, (units of a query, units of a key). The two sizes may differ.
    queries: (batch, target, units of a query). keys: (batch, source, units of a key).
    Returns (batch, target, source).
    """
    # BEGIN SOLUTION
    return queries @ weight @ keys.mT  # (batch, target, source)
    # END SOLUTION


def additive_score(queries: Tensor, keys: Tensor, query_weight: Tensor, key_weight: Tensor, vector: Tensor) -> Tensor:
    """Score each key for each query with a small network (Bahdanau and others, 2015).

        score(q, k) = v . tanh(W q + U k)

    q and k are columns. W: `query_weight`, (hidden, units of a query). U: `key_weight`, (hidden, units of a key).
    v: `vector`, (hidden,). There are no biases.
    queries: (batch, target, units of a query). keys: (batch, source, units of a key).
    Returns (batch, target, source). `x.unsqueeze(1)` puts a dimension of size 1 in front of dimension 1.
    """
    # BEGIN SOLUTION
    from_queries = (queries @ query_weight.T).unsqueeze(2)  # (batch, target, 1, hidden)
    from_keys = (keys @ key_weight.T).unsqueeze(1)  # (batch, 1, source, hidden)
    return torch.tanh(from_queries + from_keys) @ vector  # (batch, target, source)
    # END SOLUTION


def attend(scores: Tensor, values: Tensor, is_word: Tensor) -> tuple[Tensor, Tensor]:
    """Turn scores into weights, and average the values with them.

        weight(t, s) = exp(score(t, s)) / (sum of exp(score(t, s')) over the words s' of the sentence)
        context(t) = sum of weight(t, s) * value(s) over s

    scores: (batch, target, source). values: (batch, source, units).
    is_word: bool (batch, source), False at padding. Each sentence has at least one word. Padding gets a weight of
    exactly 0, whatever its score is. Scores may be large, such as 1,000: `softmax` keeps the result finite.
    Returns two things: the contexts, (batch, target, units), and the weights, (batch, target, source).
    """
    # BEGIN SOLUTION
    hidden = scores.masked_fill(~is_word.unsqueeze(1), -torch.inf)  # (batch, target, source)
    weights = hidden.softmax(dim=2)
    return weights @ values, weights  # (batch, target, units), (batch, target, source)
    # END SOLUTION


def decoder_inputs(target: Tensor) -> Tensor:
    """Return what the decoder reads in training: teacher forcing (Williams and Zipser, 1989).

    At each position the decoder reads the right word before, and predicts the word of that position. Before the first
    word, it reads BEGIN.
    target: (batch, target). Returns int64 of the same shape.
    Example: the row [7, 5, END, PADDING] gives [BEGIN, 7, 5, END].
    """
    # BEGIN SOLUTION
    begin = torch.full_like(target[:, :1], BEGIN)  # (batch, 1)
    return torch.cat([begin, target[:, :-1]], dim=1)  # (batch, target)
    # END SOLUTION


def translation_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy of the words of a batch, in nats per word.

    logits: (batch, target, words). target: int64 (batch, target), the right words.
    Every word counts alike, END included, whatever sentence it stands in. Padding does not count.
    """
    # BEGIN SOLUTION
    return cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PADDING)
    # END SOLUTION


class Translator(Module):
    """An encoder, a decoder, and attention between them. `encode` and `decode` are yours; leave the layers as they are.

    score: "dot", "general" or "additive", or "none" for a decoder without attention.
    source_words, target_words: how many numbers the languages have. units: numbers of a state; an even number.
    """

    def __init__(self, score: str, source_words: int, target_words: int, units: int) -> None:
        super().__init__()
        self.score, self.units = score, units
        self.source_embedding = Embedding(source_words, units)
        self.target_embedding = Embedding(target_words, units)
        self.encoder = GRU(units, units // 2, batch_first=True, bidirectional=True)
        self.decoder = GRU(units, units, batch_first=True)
        bound = units**-0.5
        if score in ("general", "additive"):
            self.query_weight = Parameter(torch.empty(units, units).uniform_(-bound, bound))
        if score == "additive":
            self.key_weight = Parameter(torch.empty(units, units).uniform_(-bound, bound))
            self.vector = Parameter(torch.empty(units).uniform_(-bound, bound))
        self.join = Linear(2 * units, units)
        self.output = Linear(units, target_words)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return (batch, target, source) by the chosen function. This is complete."""
        if self.score == "general":
            return general_score(queries, keys, self.query_weight)
        if self.score == "additive":
            return additive_score(queries, keys, self.query_weight, self.key_weight, self.vector)
        return dot_score(queries, keys)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Read source sentences in both directions.

        source: int64 (batch, source); each sentence has at least one word.
        Embed the words with `self.source_embedding`, then run `self.encoder` over them. It must not read padding: a
        sentence gives the same numbers in any batch. `pack_padded_sequence` tells a GRU how long each sentence is (with
        `batch_first=True` and `enforce_sorted=False`), and `pad_packed_sequence` undoes that (`total_length` is the
        width that you want).
        Returns two things:
        - memory, (batch, source, units): the outputs of the GRU, the forward half in front; zeros at padding.
        - state, (batch, units): the forward direction's state after the last word, then the backward direction's state
          after the first word. The GRU returns both as its second output, (2, batch, units // 2).
        """
        # BEGIN SOLUTION
        lengths = (source != PADDING).sum(dim=1)  # (batch,)
        embedded = self.source_embedding(source)  # (batch, source, units)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        return memory, torch.cat([last[0], last[1]], dim=1)  # (batch, source, units), (batch, units)
        # END SOLUTION

    def decode(
        self, inputs: Tensor, state: Tensor, memory: Tensor, is_word: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Predict the next word at each position, after Luong and others (2015).

            h(t) = the state of `self.decoder` after it has read the embedding of input t
            c(t) = the context of h(t): keys and values are both `memory`
            logits(t) = self.output(tanh(self.join([c(t), h(t)])))         the context in front

        The recurrence does not read the contexts, so one call of `self.decoder` serves all positions, and one call of
        `attend`, too. With the score "none" there is no attention: c(t) is zeros.
        inputs: int64 (batch, target), what is read: see `decoder_inputs`. One position alone is allowed, too.
        state: (batch, units), before the first input. memory: (batch, source, units). is_word: bool (batch, source).
        `self.decoder(x, first)` expects first states of shape (1, batch, units).
        Returns three things: logits, (batch, target, words); the weights of attention, (batch, target, source), None
        without attention; the state after the last input, (batch, units).
        """
        # BEGIN SOLUTION
        hidden, last = self.decoder(self.target_embedding(inputs), state.unsqueeze(0))  # (batch, target, units)
        if self.score == "none":
            contexts, weights = torch.zeros_like(hidden), None
        else:
            contexts, weights = attend(self.scores(hidden, memory), memory, is_word)
        joined = torch.tanh(self.join(torch.cat([contexts, hidden], dim=2)))  # (batch, target, units)
        return self.output(joined), weights, last.squeeze(0)
        # END SOLUTION

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return logits with teacher forcing, (batch, target, words). This is complete."""
        memory, state = self.encode(source)
        return self.decode(decoder_inputs(target), state, memory, source != PADDING)[0]

    def translate(self, source: Tensor, width: int = 1, max_length: int = 60) -> list[list[int]]:
        """Translate sentences, (batch, source): greedily, or with a beam of the given width. This is complete.

        No right translation is known here: the decoder reads what it wrote itself.
        """
        with torch.no_grad():
            memory, state = self.encode(source)
            if width == 1:
                return greedy_search(self.step(memory, source != PADDING), state, max_length)
            found = []
            for row in range(len(source)):
                step = self.step(memory[row : row + 1], source[row : row + 1] != PADDING)
                found.append(beam_search(step, state[row : row + 1], width, max_length))
            return found

    def step(self, memory: Tensor, is_word: Tensor) -> Step:
        """Return the function `step` that the searches call, for these source sentences. This is complete."""

        def step(state: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
            count = len(words)  # a beam has several rows for one sentence
            rows, marks = memory.expand(count, -1, -1), is_word.expand(count, -1)
            logits, _, state = self.decode(words.unsqueeze(1), state, rows, marks)
            return logits[:, 0].log_softmax(dim=1), state

        return step


def greedy_search(step: Step, state: Tensor, max_length: int) -> list[list[int]]:
    """Write several sentences, one word after the other: the most likely word every time.

    step: `log_probabilities, state = step(state, words)` reads one word of each sentence, int64 (batch,). It returns
    the logarithms of the probabilities of the next word, (batch, words), and the states after it. Sentences begin with
    the word BEGIN. After that, each reads what it wrote itself.
    state: of each sentence before the first word, (batch, units).
    max_length: no sentence gets longer. End earlier once every sentence has its END.
    Returns a list of word numbers for each sentence: those before its first END. END itself is left out.
    """
    # BEGIN SOLUTION
    words = torch.full((len(state),), BEGIN, device=state.device)
    columns: list[Tensor] = []
    is_done = torch.zeros_like(words, dtype=torch.bool)
    while len(columns) < max_length and not is_done.all():
        log_probabilities, state = step(state, words)
        words = log_probabilities.argmax(dim=1)  # (batch,)
        is_done |= words == END
        columns.append(words)
    rows = torch.stack(columns, dim=1).tolist()  # (batch, words written)
    return [row[: row.index(END)] if END in row else row for row in rows]
    # END SOLUTION


def beam_search(step: Step, state: Tensor, width: int, max_length: int, length_power: float = 1.0) -> list[int]:
    """Write one sentence, following several beginnings at a time (Sutskever and others, 2014).

    The beam holds up to `width` beginnings, each with its log-probability: the sum over its words. It starts with one
    beginning: BEGIN, with the log-probability 0. A round does this:

    1. Extend each beginning of the beam by each word of the language. Of all these extensions together, the `width`
       most likely ones go on.
    2. Those of them that end with END are finished, and leave the beam. The others are the new beam.

    The search ends after `max_length` rounds, or once `width` or more are finished, or when the beam is empty. If fewer
    than `width` are finished then, what is in the beam counts as finished, too. The answer is the finished sentence
    with the largest

        log-probability / length ** length_power

    `length` is the number of words with END, without BEGIN. Long sentences have small probabilities: without division,
    short ones win (Wu and others, 2016, divide by a similar power).
    step, state: as in `greedy_search`; one row for each beginning. The first state has the shape (1, units). When the
    beam changes, each row of the state must follow the beginning that it belongs to.
    Returns the word numbers of the answer, without BEGIN and END.
    """
    # BEGIN SOLUTION
    beam: list[tuple[float, list[int]]] = [(0.0, [])]
    finished: list[tuple[float, list[int]]] = []
    for _ in range(max_length):
        last = torch.tensor([sentence[-1] if sentence else BEGIN for _, sentence in beam], device=state.device)
        log_probabilities, state = step(state, last)  # (beam, words)
        sums = log_probabilities + log_probabilities.new_tensor([value for value, _ in beam]).unsqueeze(1)
        best, places = sums.flatten().topk(min(width, sums.numel()))
        extended, parents = [], []
        for value, place in zip(best.tolist(), places.tolist(), strict=True):
            parent, word = divmod(place, sums.shape[1])
            sentence = [*beam[parent][1], word]
            if word == END:
                finished.append((value, sentence))
            else:
                extended.append((value, sentence))
                parents.append(parent)
        beam, state = extended, state[parents]
        if len(finished) >= width or not beam:
            break
    else:
        finished += beam
    _, answer = max(finished, key=lambda one: one[0] / len(one[1]) ** length_power)
    return [word for word in answer if word != END]
    # END SOLUTION


def bleu(candidates: Sequence[Sequence[int]], references: Sequence[Sequence[int]]) -> float:
    """Return the BLEU of translations, from 0 to 1 (Papineni and others, 2002), over all sentences together.

    An n-gram is n neighbouring words of a sentence. For each n from 1 to 4:

        p(n) = matches(n) / (number of n-grams of all candidates)

    matches(n) is a sum over the sentences and over the different n-grams of a candidate: how often the candidate holds
    the n-gram, but at most as often as its reference holds it.

        c, r = number of words of all candidates, and of all references
        brevity = 1 if c > r, otherwise exp(1 - r / c)
        BLEU = brevity * (p(1) * p(2) * p(3) * p(4)) ** (1 / 4)

    BLEU is 0 if some p(n) is 0, or if there are no 4-grams. There is no smoothing.
    candidates: word numbers of each translation. references: word numbers of each right translation. Both without END.
    """
    # BEGIN SOLUTION
    logarithms = 0.0
    for n in range(1, 5):
        matches = total = 0
        for pair in zip(candidates, references, strict=True):
            own, right = (Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)) for words in pair)
            matches += (own & right).total()  # `&` takes the smaller count
            total += own.total()
        if not matches:
            return 0.0
        logarithms += log(matches / total) / 4
    c, r = sum(map(len, candidates)), sum(map(len, references))
    return min(1.0, exp(1 - r / c)) * exp(logarithms)
    # END SOLUTION


def train_translator(model: Translator, dataset: Dataset) -> None:
    """Train a translator with teacher forcing.

    Batches of a `DataLoader` are dictionaries: `batch["source"]` and `batch["target"]`, int64, each row a sentence with
    padding behind it. There are 4,800 pairs, with at most 14 source words.

    `model(source, target)` gives the logits. The same function trains models with attention and without. Clip the norm
    of the gradients. A learning rate that ends near 0 helps. `dataset.get_validation_accuracy()` tells how many words
    of a validation split are right, from 0 to 1, when the decoder reads the right words before. One wrong word in ten
    spoils most sentences. End after 10 epochs at the latest, so that the check takes seconds.
    """
    # BEGIN SOLUTION
    epochs, size = 3, 64
    optimizer = Adam(model.parameters(), lr=0.01)
    loader = DataLoader(dataset, batch_size=size, shuffle=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=epochs * len(loader))
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            translation_loss(model(batch["source"], batch["target"]), batch["target"]).backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    # END SOLUTION
