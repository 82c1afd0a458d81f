"""Right solutions that are written in another way than the reference pass every check that needs no training."""

from __future__ import annotations

import dataclasses

import pytest

from grading.questions import discover
from staff.evidence.mutants.run import without_long_checks
from tests.support import SOLUTIONS, elective

QUESTIONS = {question.id: question for question in without_long_checks(discover())}
TRAINED = {"q1": ["convergence"], "q5": ["accuracy"]}  # which no list of long checks names

GENERATE = """    latent = torch.randn(count, model.latent_size, device=next(model.parameters()).device)
    return model.decode(latent).sigmoid()
"""
READOUT = """    index = graph_of[:, None].expand_as(x)  # (nodes, features)
    reduction = {"sum": "sum", "mean": "mean", "max": "amax"}[how]
    return x.new_zeros(graphs, x.shape[1]).scatter_reduce(0, index, x, reduction, include_self=False)
"""
BEST = """    best = rewards.view(-1, n).argmax(dim=1)  # (groups,)
    return verses.view(-1, n, verses.shape[1])[torch.arange(len(best)), best]
"""
SUMS = """    log_probabilities = model(verses[:, :-1]).log_softmax(dim=-1)  # (batch, time - 1, vocabulary)
    each = log_probabilities.gather(2, following.unsqueeze(2)).squeeze(2)  # (batch, time - 1)
    return each.masked_fill(following == PAD, 0).sum(dim=1)
"""
SALIENCY = "    (gradient,) = torch.autograd.grad(scores.sum(), pixels)\n"
STEP = """        (gradient,) = torch.autograd.grad(function(weights), weights)
        weights, state = update(weights.detach(), gradient, state, step)
"""
STEP_BACKWARD = """        function(weights).backward()
        with torch.no_grad():
            weights, state = update(weights, weights.grad, state, step)
"""
RANKED = """    similarities[word] = -torch.inf
    return similarities.topk(count).indices.tolist()
"""
KERNEL_LOOP = """    for row in range(kernel_height):
        for column in range(kernel_width):
            output = output + weight[row, column] * input[row : row + height, column : column + width]
"""

OF_ELECTIVES = {
    "a buffer that is changed in place": ("e1", "optimizers", "gradient if state is None else mu * state + gradient", "gradient.clone() if state is None else state.mul_(mu).add_(gradient)"),
    "an update of weights that want gradients": ("e1", "optimizers", "update(weights.detach(), gradient", "update(weights, gradient"),
    "an update without a graph": ("e1", "optimizers", STEP, STEP_BACKWARD),
    "lists in place of tuples": ("e2", "backprop", "gradients.insert(0, (by_weight, by_bias))", "gradients.insert(0, [by_weight, by_bias])"),
    "the sigmoid by tanh": ("e2", "backprop", "return 1 / (1 + torch.exp(-x))", "return 0.5 * (1 + torch.tanh(x / 2))"),
    "shifts rounded down": ("e4", "convnets", "torch.randint(-max_shift, max_shift + 1, (2, count)).to(images)", "torch.rand(2, count).mul(2 * max_shift + 1).floor().sub(max_shift).to(images)"),
    "a word taken out of a list": ("e6", "word_vectors", RANKED, "    ranked = similarities.argsort(descending=True).tolist()\n    ranked.remove(word)\n    return ranked[:count]\n"),
    "logits with bounds": ("e10", "adversarial", "return self.layers(images).gather(1, labels[:, None])[:, 0]", "return 10 * torch.tanh(self.layers(images).gather(1, labels[:, None])[:, 0] / 10)"),
    "entries set to 0 in a copy": ("e3", "regularization", "    return x * is_kept / (1 - probability)\n", "    kept = x.clone()\n    kept[~is_kept] = 0\n    return kept / (1 - probability)\n"),
    "saliency by backward, with what was in grad put back": ("e4", "convnets", SALIENCY, "    kept = [each.grad for each in model.parameters()]\n    scores.sum().backward()\n    for each, gradient in zip(model.parameters(), kept):\n        each.grad = gradient\n    gradient = pixels.grad\n"),
    "an LSTM that returns a list": ("e5", "recurrent", "return sigmoid(show) * tanh(cell), cell", "return [sigmoid(show) * tanh(cell), cell]"),
    "pairs as lists": ("e6", "word_vectors", "        (centre, sentence[other])\n", "        [centre, sentence[other]]\n"),
    "scores of padding lowered by a billion": ("e7", "translation", "hidden = scores.masked_fill(~is_word.unsqueeze(1), -torch.inf)", "hidden = scores - 1e9 * (~is_word.unsqueeze(1))"),
    "a beam that counts after max_length rounds": ("e7", "translation", "        if len(finished) >= width or not beam:\n            break\n    else:\n        finished += beam\n", "        if len(finished) >= width or not beam:\n            break\n    if _ == max_length - 1:\n        finished += beam\n"),
    "a loss of all positions, masked": ("e8", "encoders", "    return cross_entropy(predict(states[is_chosen]), ids[is_chosen])\n", "    losses = cross_entropy(predict(states).transpose(1, 2), ids, reduction='none')\n    return (losses * is_chosen).sum() / is_chosen.sum()\n"),
    "one image after the other": ("e9", "autoencoders", GENERATE, "    return torch.cat([model.decode(torch.randn(1, model.latent_size)).sigmoid() for _ in range(count)])\n"),
    "one latent without a batch after the other": ("e9", "autoencoders", GENERATE, "    return torch.stack([model.decode(torch.randn(model.latent_size)).sigmoid() for _ in range(count)])\n"),
    "real and generated samples judged together": ("e10", "adversarial", "loss = discriminator_loss(discriminator(real, *labels), discriminator(fake, *labels))", "both = discriminator(torch.cat([real, fake]), *[torch.cat([each, each]) for each in labels])\n    loss = discriminator_loss(both[: len(real)], both[len(real) :])"),
    "graph after graph": ("e11", "graphs", READOUT, "    way = {'sum': lambda t: t.sum(0), 'mean': lambda t: t.mean(0), 'max': lambda t: t.amax(0)}[how]\n    return torch.stack([way(x[graph_of == graph]) for graph in range(graphs)])\n"),
    "log-probabilities by cross-entropy": ("e12", "assistant", SUMS, "    logits = model(verses)[:, :-1].transpose(1, 2)\n    return -cross_entropy(logits, following, reduction='none', ignore_index=PAD).sum(dim=1)\n"),
    "group after group": ("e12", "assistant", BEST, "    starts = range(0, len(verses), n)\n    return torch.stack([verses[start + int(rewards[start : start + n].argmax())] for start in starts])\n"),
}  # fmt: skip
OF_THE_CORE = {
    "a tiny learning rate from 0": ("q1", {"models.py": [("Parameter(ones(1, dimensions))", "Parameter(zeros(1, dimensions))")], "train.py": [("weights += label * point", "weights += 0.0005 * label * point")]}),
    "a layer without a bias": ("q1", {"models.py": [("self.w = Parameter(ones(1, dimensions))", "self.layer = Linear(dimensions, 1, bias=False)"), ("return self.w\n", "return self.layer.weight\n"), ("return tensordot(x, self.w, dims=([1], [1]))", "return self.layer(x)")]}),
    "weights of the state that start at 0": ("q4", {"models.py": [("        self.hidden = Linear(256, 256, bias=False)\n", "        self.hidden = Linear(256, 256, bias=False)\n        self.hidden.weight.data.zero_()\n")]}),
    "patches by the method unfold": ("q5", {"models.py": [(KERNEL_LOOP, "    patches = input.unfold(0, kernel_height, 1).unfold(1, kernel_width, 1)\n    output = (patches * weight).sum(dim=(2, 3))\n")]}),
    "pixels set one by one": ("q5", {"models.py": [(KERNEL_LOOP, "    for row in range(height):\n        for column in range(width):\n            part = input[row : row + kernel_height, column : column + kernel_width]\n            output[row, column] = (part * weight).sum()\n")]}),
    "a root that is a tensor": ("q6", {"models.py": [("/ sqrt(self.layer_size)", "/ tensor(self.layer_size).sqrt()")]}),
}  # fmt: skip


def asked(question_id):
    """The question without the checks that train."""
    question = QUESTIONS[question_id]
    kept = [check for check in question.checks if check.name not in TRAINED.get(question_id, [])]
    return dataclasses.replace(question, checks=tuple(kept))


def require_nothing_lost(run, question_id):
    told = {check["name"]: check["message"] for check in run.question(question_id)["checks"] if check["message"]}
    assert {check["status"] for check in run.question(question_id)["checks"]} == {"passed"}, told


@pytest.mark.parametrize("form", OF_ELECTIVES)
def test_another_form_of_an_elective_loses_no_check(graded, tmp_path, form):
    question_id, name, old, new = OF_ELECTIVES[form]
    folder = tmp_path / "submission"
    folder.mkdir()
    for file in ("models.py", "gpt_model.py"):  # which elective 12 builds on
        (folder / file).write_text((SOLUTIONS / file).read_text(encoding="utf-8"), encoding="utf-8")
    require_nothing_lost(graded(elective(name, folder, (old, new)), asked(question_id), seed=1), question_id)


@pytest.mark.parametrize("form", OF_THE_CORE)
def test_another_form_of_a_core_question_loses_no_check(graded, patched_solutions, form):
    question_id, changes = OF_THE_CORE[form]
    require_nothing_lost(graded(patched_solutions(changes), asked(question_id)), question_id)
