# attack: its probes answer with what no check expects: nothing, numbers, other names, huge integers
# file: electives/optimizers.py
# questions: e1 q6
# points: e1=0 q6=2

probes = __import__("test_cases.e1.public.probes", fromlist=["probes"])
answers = iter([None, 7, [], {}, {"paths": "none"}, {"odd": {"odd": 1}}, {"changed": 5, "paths": 1}, {"paths": [1]}] * 99)
probes.updates = lambda **given: next(answers)
probes.stretched_bowl = lambda **given: {"path": 1}
probes.bowl = lambda **given: 3
probes.valley = lambda **given: {"x": [10**400]}


def huge(*given):
    return 10**400


gradient_descent = step_decay = exponential_decay = cosine_annealing = largest_stable_rate = huge


def valley_recipe(steps):
    return {"adam": 1}, [10**400] * steps
