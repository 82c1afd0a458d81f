# attack: lets torch compute its gradients, by names that are reached in roundabout ways
# file: electives/backprop.py
# questions: e2 q6
# points: e2=0 q6=2

T = __import__("torch")
WAYS = ("enable_" + "grad", "set_" + "grad_enabled", "inference_" + "mode")


def by_autograd(function, upstream, *arguments):
    for way in WAYS:
        for backward in ("backward", "grad"):
            try:
                core = getattr(T, "_" + "C")
                getattr(core, "_set_" + "grad_enabled")(True)
                with getattr(T, way)(*([] if way == WAYS[0] else [way == WAYS[1]])):
                    given = [each.clone().requires_grad_() for each in arguments]
                    total = (function(*given) * upstream.clone()).sum()
                    if backward == "grad":
                        return list(getattr(T, "auto" + "grad").grad(total, given))
                    total.backward()
                    return [each.grad for each in given]
            except RuntimeError:
                pass
    return [T.zeros_like(each) for each in arguments]


def linear_backward(upstream, x, weight):
    return tuple(by_autograd(linear, upstream, x, weight, weight[0] * 0))


def sigmoid_backward(upstream, x):
    return by_autograd(sigmoid, upstream, x)[0]


def tanh_backward(upstream, x):
    return by_autograd(tanh, upstream, x)[0]


def relu_backward(upstream, x):
    return by_autograd(relu, upstream, x)[0]


def leaky_relu_backward(upstream, x, slope=0.01):
    return by_autograd(lambda x: leaky_relu(x, slope), upstream, x)[0]


def mean_squared_error_backward(predictions, targets):
    return by_autograd(lambda x: mean_squared_error(x, targets.clone()), T.ones(()), predictions)[0]


def binary_cross_entropy_backward(logits, targets):
    return by_autograd(lambda x: binary_cross_entropy(x, targets.clone()), T.ones(()), logits)[0]


def cross_entropy_backward(logits, targets):
    return by_autograd(lambda x: cross_entropy(x, targets.clone()), T.ones(()), logits)[0]
