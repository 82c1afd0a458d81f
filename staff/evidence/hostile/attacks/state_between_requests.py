# attack: keeps state in globals from call to call and request to request, and remembers what it was asked
# file: electives/optimizers.py
# questions: e1 q6
# points: e1=2.5 q6=2

asked = {}
memory = {}


def momentum(weights, gradient, state, rate, mu=0.9):
    if state is None:
        memory["buffer"] = torch.zeros_like(weights)
    memory["buffer"] = mu * memory["buffer"] + gradient
    asked[weights.numpy().tobytes()] = new = weights - rate * memory["buffer"]
    return asked.get(new.numpy().tobytes(), new), True


def adam(weights, gradient, state, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    if state is None:
        memory.update(mean=torch.zeros_like(weights), square=torch.zeros_like(weights), t=0)
    memory["t"] += 1
    memory["mean"] = beta1 * memory["mean"] + (1 - beta1) * gradient
    memory["square"] = beta2 * memory["square"] + (1 - beta2) * gradient**2
    mean, square = memory["mean"] / (1 - beta1 ** memory["t"]), memory["square"] / (1 - beta2 ** memory["t"])
    return weights - rate * mean / (square.sqrt() + epsilon), True
