"""Elective 8: encoders, which look at a whole sequence at once. Fill in every part with NotImplementedError.

torch has attention, encoder layers and cosine similarity ready-made (`MultiheadAttention`, `TransformerEncoder`,
`scaled_dot_product_attention` and others). They are not allowed here: you write their core. `torch.nn.Linear`,
`Embedding`, `LayerNorm`, `softmax`, `cross_entropy` and `torch.optim` are allowed.

Not allowed here: `torch.nn.modules.transformer*`, `torch.nn.modules.activation.Multi*`, `torch.nn.attention*`,
`torch._*attention*`, `torch.*scaled_dot_product*`, `torch.*multi_head_attention*`, `torch.*MultiheadAttention*`,
`torch.*cosine_similarity`, `torch.*CosineSimilarity`, `torch.*Bilinear`, `torch.*bilinear`, `torch.*pixel_unshuffle`,
`torch.*PixelUnshuffle`. In these names, `*` stands for any text. Everything else of torch is allowed.

A sequence is a tensor of shape (batch, time, width): `time` positions with `width` numbers each. Words are integers.
Two of them have a meaning of their own: `PADDING` fills the end of a short line, `MASK` hides a word. All other
integers from `FIRST_WORD` on are words.

Tensors are float32 in training. The functions are also called in float64, and keep the dtype of their arguments.
"""

from collections.abc import Callable
from math import inf

import torch
from torch import Tensor
from torch.nn import Embedding, LayerNorm, Linear, Module, ModuleList, Parameter
from torch.nn.functional import cross_entropy
from torch.nn.init import kaiming_normal_, normal_
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset

PADDING, MASK, FIRST_WORD = 0, 1, 2
WIDTH, HEADS = 48, 4  # of both models
PATCH, CLASSES = 7, 10  # pixels of a patch's side; digits
EMBEDDING_SCALE = 2.0  # words count twice beside their positions, because the table of words begins small


def dot_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Return the scaled dot product of each query with each key (Vaswani and others, 2017).

        scores[i, j] = queries[i] · keys[j] / sqrt(width)

    queries: (..., n, width). keys: (..., m, width). The dots are dimensions of a batch, or nothing; queries and keys
    have the same. `keys.mT` exchanges the last two dimensions. Returns (..., n, m).
    The root keeps the scores of random vectors at a size near 1, whatever the width.
    """
    # BEGIN SOLUTION
    return queries @ keys.mT / queries.shape[-1] ** 0.5  # (..., n, m)
    # END SOLUTION


def cosine_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Return the cosine of the angle between each query and each key.

        scores[i, j] = queries[i] · keys[j] / (|queries[i]| |keys[j]|)

    Shapes are those of `dot_scores`. |a| is the root of the sum of squares. A vector of zeros has the score 0 with all
    others, not NaN. No constant is added to a length.
    """
    # BEGIN SOLUTION
    tiny = torch.finfo(queries.dtype).tiny  # 0 divided by this is 0
    lengths = [x.norm(dim=-1, keepdim=True).clamp_min(tiny) for x in (queries, keys)]
    return (queries / lengths[0]) @ (keys / lengths[1]).mT  # (..., n, m)
    # END SOLUTION


def bilinear_scores(queries: Tensor, keys: Tensor, weight: Tensor) -> Tensor:
    """Return scores that a matrix learns (Luong and others, 2015: "general").

        scores[i, j] = queries[i]^T weight keys[j]

    queries: (..., n, a). keys: (..., m, b): their widths may differ. weight: (a, b). Returns (..., n, m).
    """
    # BEGIN SOLUTION
    return queries @ weight @ keys.mT  # (..., n, m)
    # END SOLUTION


def additive_scores(queries: Tensor, keys: Tensor, weight: Tensor, vector: Tensor) -> Tensor:
    """Return the scores of a small network that reads query and key side by side (Bahdanau and others, 2015).

        scores[i, j] = vector · tanh(weight [queries[i]; keys[j]])

    queries: (..., n, a). keys: (..., m, b). weight: (hidden, a + b). vector: (hidden,). [q; k] is the query with the
    key behind it. The product with [q; k] is a sum: the first `a` columns of `weight` with q, the others with k. So
    both products can be taken first. `x[..., :, None, :] + y[..., None, :, :]` adds each row of x to each row of y.
    Returns (..., n, m).
    """
    # BEGIN SOLUTION
    a = queries.shape[-1]
    of_queries, of_keys = queries @ weight[:, :a].T, keys @ weight[:, a:].T  # (..., n, hidden), (..., m, hidden)
    return torch.tanh(of_queries[..., :, None, :] + of_keys[..., None, :, :]) @ vector  # (..., n, m)
    # END SOLUTION


def positional_encoding(length: int, width: int) -> Tensor:
    """Return a vector for each position, float64 (length, width) (Vaswani and others, 2017).

        table[p, 2i]     = sin(p / 10000^(2i / width))
        table[p, 2i + 1] = cos(p / 10000^(2i / width))

    p: the position, from 0. i: from 0 to width / 2 - 1; `width` is even. Sines and cosines take turns. Columns in
    front change quickly from position to position, columns behind change slowly.
    """
    # BEGIN SOLUTION
    positions = torch.arange(length, dtype=torch.float64)[:, None]  # (length, 1)
    angles = positions / 10000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)  # (length, width / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)  # (length, width)
    # END SOLUTION


def multi_head_attention(
    x: Tensor,
    in_weight: Tensor,
    in_bias: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    heads: int,
    is_padding: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Let each position of a sequence look at all positions, with several heads (Vaswani and others, 2017).

    1. x in_weight^T + in_bias has three blocks of `width` numbers: queries, keys, values, in this order.
    2. Each block is cut into `heads` parts side by side. A part has width / heads numbers and belongs to one head.
    3. In each head, scores = `dot_scores(queries, keys)`: row i has the scores of position i with all positions.
       The root is that of the head's own width.
    4. Positions that are padding get no weight: their scores become -infinity. `masked_fill` does this.
    5. attention = the softmax of each row. A head's output at position i is the sum of all values, weighted by row i.
    6. The outputs of the heads stand side by side, in the order of the heads. The result is
       outputs out_weight^T + out_bias.

    x: (batch, time, width). in_weight: (3 * width, width). in_bias: (3 * width,). out_weight: (width, width).
    out_bias: (width,). is_padding: bool (batch, time), True at padding, or None if there is none. Each sequence has at
    least one position that is no padding. Padded positions do get an output; nobody uses it.
    `t.unflatten(2, (heads, -1))` cuts the last dimension of (batch, time, width) into heads. `t.flatten(2)` joins them
    again. Between the two, time and heads change places: (batch, heads, time, width / heads).
    Returns the result, (batch, time, width), and the attention, (batch, heads, time, time).
    """
    # BEGIN SOLUTION
    blocks = (x @ in_weight.T + in_bias).chunk(3, dim=2)  # (batch, time, width) each
    queries, keys, values = (block.unflatten(2, (heads, -1)).transpose(1, 2) for block in blocks)
    scores = dot_scores(queries, keys)  # (batch, heads, time, time)
    if is_padding is not None:
        scores = scores.masked_fill(is_padding[:, None, None, :], -inf)
    attention = scores.softmax(dim=-1)  # (batch, heads, time, time)
    joined = (attention @ values).transpose(1, 2).flatten(2)  # (batch, time, width)
    return joined @ out_weight.T + out_bias, attention
    # END SOLUTION


class EncoderBlock(Module):
    """A block of an encoder: attention among positions, then a small net at each (Vaswani and others, 2017).

        y   = norm1(x + attention(x))
        out = norm2(y + contract(relu(expand(y))))

    width: numbers of a position. heads: of the attention; they divide the width.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_in = Linear(width, 3 * width)  # queries, keys and values
        self.attention_out = Linear(width, width)
        self.norm1, self.norm2 = LayerNorm(width), LayerNorm(width)
        self.expand, self.contract = Linear(width, 2 * width), Linear(2 * width, width)

    def forward(self, x: Tensor, is_padding: Tensor | None = None) -> Tensor:
        """Return what the formulas say. `attention(x)` is the result of `multi_head_attention`, without its weights.

        x: (batch, time, width). is_padding: as in `multi_head_attention`. The attention's weights and biases are those
        of `attention_in` and `attention_out`: `.weight` and `.bias`. Returns (batch, time, width).
        """
        # BEGIN SOLUTION
        inner, outer = self.attention_in, self.attention_out
        looked, _ = multi_head_attention(x, inner.weight, inner.bias, outer.weight, outer.bias, self.heads, is_padding)
        x = self.norm1(x + looked)
        return self.norm2(x + self.contract(self.expand(x).relu()))
        # END SOLUTION


class Encoder(Module):
    """Blocks one after the other. This is complete."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.blocks = ModuleList([EncoderBlock(width, heads) for _ in range(depth)])

    def forward(self, x: Tensor, is_padding: Tensor | None = None) -> Tensor:
        """x: (batch, time, width). Returns the same shape."""
        for block in self.blocks:
            x = block(x, is_padding)
        return x


def mask_tokens(ids: Tensor, words: int) -> tuple[Tensor, Tensor]:
    """Hide some words of each line, for a model to guess (Devlin and others, 2019: BERT).

    Each token that is no padding is chosen with probability 0.15, by a draw of its own. What the model reads at a
    chosen token is drawn as well:

        with probability 0.8   MASK
        with probability 0.1   a random word: all integers from FIRST_WORD to words - 1 are equally likely
        with probability 0.1   the token itself

    So MASK does not tell which tokens count, and the model must read every word. Other tokens stay.

    ids: int64 (batch, time). They do not change. words: how many integers there are, PADDING and MASK among them.
    Returns two tensors of shape (batch, time): what the model reads, int64, and which tokens were chosen, bool.
    `torch.rand(ids.shape, device=ids.device)` draws a number from 0 to 1 for each token, on the device of the ids.
    `torch.where(condition, one, other)` chooses.
    """
    # BEGIN SOLUTION
    is_chosen = (torch.rand(ids.shape, device=ids.device) < 0.15) & (ids != PADDING)
    fate = torch.rand(ids.shape, device=ids.device)
    inputs = torch.where(is_chosen & (fate < 0.8), MASK, ids)
    random = torch.randint(FIRST_WORD, words, ids.shape, device=ids.device)
    return torch.where(is_chosen & (fate >= 0.9), random, inputs), is_chosen
    # END SOLUTION


def masked_loss(states: Tensor, ids: Tensor, is_chosen: Tensor, predict: Callable[[Tensor], Tensor]) -> Tensor:
    """Return how badly the chosen tokens are guessed: the mean of the cross-entropy over these tokens alone.

        loss = the mean over all chosen tokens of -log softmax(predict(state))[id]

    states: the encoder's output, (batch, time, width). ids: int64 (batch, time), the lines before masking.
    is_chosen: bool (batch, time). predict: maps states (count, width) to logits (count, words).
    Most of the time of a step goes into `predict` if all states go through it: call it with the chosen states only.
    `states[is_chosen]` has the shape (count, width). Returns a number that has a gradient.
    """
    # BEGIN SOLUTION
    return cross_entropy(predict(states[is_chosen]), ids[is_chosen])
    # END SOLUTION


class MaskedLanguageModel(Module):
    """Guesses words from both sides. words: how many integers there are."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = words
        self.embedding = Embedding(words, WIDTH)
        normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.encoder = Encoder(WIDTH, HEADS, depth=1)
        self.bias = Parameter(torch.zeros(words))

    def encode(self, ids: Tensor) -> Tensor:
        """Return the encoder's states.

            x      = EMBEDDING_SCALE * embedding(ids) + positional encoding
            states = encoder(x, padding)

        ids: int64 (batch, time). The encoder wants to know which tokens are PADDING. `positional_encoding(...).to(x)`
        gives the table the dtype of x. Returns (batch, time, WIDTH).
        """
        # BEGIN SOLUTION
        x = EMBEDDING_SCALE * self.embedding(ids)  # (batch, time, WIDTH)
        return self.encoder(x + positional_encoding(ids.shape[1], WIDTH).to(x), ids == PADDING)
        # END SOLUTION

    def predict(self, states: Tensor) -> Tensor:
        """Return logits of words: states (..., WIDTH) to (..., words). This is complete.

        A word's logit is the product of the state with the word's own embedding (Press and Wolf, 2017).
        """
        return states @ self.embedding.weight.T + self.bias

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits at all positions, (batch, time, words). This is complete."""
        return self.predict(self.encode(ids))


def patches(images: Tensor, size: int) -> Tensor:
    """Cut images into squares.

    images: (batch, height, width); `size` divides both. Returns (batch, count, size * size). The patches come row by
    row from the top left, as one reads. The pixels of a patch come in the same order.
    `t.unflatten(dim, (count, size))` cuts one dimension into two, and `t.permute(...)` orders dimensions.
    """
    # BEGIN SOLUTION
    rows, columns = images.shape[1] // size, images.shape[2] // size
    cut = images.unflatten(2, (columns, size)).unflatten(1, (rows, size))  # (batch, rows, size, columns, size)
    return cut.permute(0, 1, 3, 2, 4).flatten(3).flatten(1, 2)  # (batch, rows * columns, size * size)
    # END SOLUTION


class VisionTransformer(Module):
    """Reads digits as sequences of 16 patches (Dosovitskiy and others, 2021: ViT)."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Linear(PATCH * PATCH, WIDTH)
        kaiming_normal_(self.project.weight, nonlinearity="relu")  # most pixels are 0: larger weights than usual
        self.class_token = Parameter(torch.randn(WIDTH))
        self.encoder = Encoder(WIDTH, HEADS, depth=2)
        self.head = Linear(WIDTH, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of the digits.

        1. `project` makes a vector of WIDTH numbers of each patch.
        2. The class token, the same for all images, goes in front of the patches: 17 positions.
           `self.class_token.expand(batch, 1, WIDTH)` repeats it.
        3. The positional encoding of all 17 positions is added. Position 0 is the class token's.
        4. `encoder` reads the sequence. `head` reads the state of the class token alone.

        images: float32 (batch, 28, 28), 0 paper to 1 ink. Returns (batch, 10).
        """
        # BEGIN SOLUTION
        x = self.project(patches(images, PATCH))  # (batch, 16, WIDTH)
        x = torch.cat([self.class_token.expand(len(x), 1, WIDTH), x], dim=1)  # (batch, 17, WIDTH)
        x = self.encoder(x + positional_encoding(x.shape[1], WIDTH).to(x))
        return self.head(x[:, 0])  # (batch, 10)
        # END SOLUTION


def train_masked(model: MaskedLanguageModel, dataset: Dataset) -> None:
    """Train a model to guess hidden words of plays.

    Batches of a `DataLoader` are dictionaries: `batch["ids"]`, int64 (batch, 12), are lines of 5 to 12 words and
    punctuation marks with PADDING behind. There are 15,000 lines. `dataset.get_validation_accuracy()` tells which
    share of hidden words the model guesses in other lines, from 0 to 1.

    The most frequent token, a comma, is about 9% of all. The model should be right at least 1.8 times as often. Only
    one token in seven teaches something in a step, so that training needs hundreds of steps. A large rate, 0.01 or
    more, works here if it rises at first and falls to almost 0 in the end.
    """
    # BEGIN SOLUTION
    loader = DataLoader(dataset, batch_size=48, shuffle=True, drop_last=True)
    optimizer = Adam(model.parameters(), betas=(0.9, 0.95))
    epochs = 2
    schedule = OneCycleLR(optimizer, 0.015, total_steps=epochs * len(loader), pct_start=0.15, cycle_momentum=False)
    for _ in range(epochs):
        for batch in loader:
            inputs, is_chosen = mask_tokens(batch["ids"], model.words)
            optimizer.zero_grad()
            masked_loss(model.encode(inputs), batch["ids"], is_chosen, model.predict).backward()
            optimizer.step()
            schedule.step()
    # END SOLUTION


def train_vit(model: VisionTransformer, dataset: Dataset) -> None:
    """Train a Vision Transformer to read digits.

    Batches of a `DataLoader` are dictionaries: `batch["x"]`, float32 (batch, 28, 28), and `batch["y"]`, int64
    (batch,), the digit. There are 25,000 images. `dataset.get_validation_accuracy()` tells the share of
    validation images that are right.

    A few hundred steps are enough. A rate near 0.008 that rises at first and falls to almost 0 in the end works well.
    """
    # BEGIN SOLUTION
    loader = DataLoader(dataset, batch_size=96, shuffle=True, drop_last=True)
    optimizer = Adam(model.parameters(), betas=(0.9, 0.95))
    epochs = 2
    schedule = OneCycleLR(optimizer, 9e-3, total_steps=epochs * len(loader), pct_start=0.3, cycle_momentum=False)
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            cross_entropy(model(batch["x"]), batch["y"]).backward()
            optimizer.step()
            schedule.step()
    # END SOLUTION
