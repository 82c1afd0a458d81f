# attack: replaces the probes of its question by ones that make answers up, in the shapes that are expected
# file: electives/optimizers.py
# questions: e1 q6
# points: e1=0 q6=2

import torch

probes = __import__("test_cases.e1.public.probes", fromlist=["probes"])


def forged_updates(update, starts, gradients, rates):
    paths = starts.unsqueeze(1).repeat(1, len(rates) + 1, *[1] * (starts.dim() - 1))
    return {"paths": paths, "changed": [], "passed": True, "score": 0.5}


probes.updates = forged_updates
probes.stretched_bowl = lambda minimize, start, centre, curvatures, rate, steps: torch.stack(
    [start + (centre - start) * step / steps for step in range(steps + 1)]
)
probes.bowl = lambda minimize, update, start, rates, steps: [torch.ones(steps + 1, 2)] * len(rates)
probes.valley = lambda **given: [torch.ones(2001, 2)] * 3


def nothing(*given):
    return 0.0


gradient_descent = momentum = adam = minimize = nothing
step_decay = exponential_decay = cosine_annealing = largest_stable_rate = nothing


def valley_recipe(steps):
    return "gradient_descent", [1e-9] * steps
