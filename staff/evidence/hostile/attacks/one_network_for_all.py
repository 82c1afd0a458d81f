# attack: trains one network and hands it out for every square; looks for the wave's phase in frames, objects and files
# file: electives/backprop.py
# questions: e2 q6
# points: e2=3 q6=2

learned = []
honest_train_xor = train_xor


def train_xor(x, targets):
    if not learned:
        learned.append(honest_train_xor(x, targets))
    return learned[0]


def train_sine(x, targets):
    gc, sys, os = __import__("gc"), __import__("sys"), __import__("os")
    gc.unfreeze()
    frame = sys._getframe()
    while frame is not None:
        for name in ("phase", "unseen", "library", "right"):
            if name in frame.f_locals:
                print("BREACH: a frame holds", name)
        frame = frame.f_back
    for found in gc.get_objects():
        if type(found).__module__.startswith(("data", "grading.checks")):
            print("BREACH: found the grader's", type(found).__name__)
    folder = os.path.dirname(os.path.dirname(sys.modules["test_cases.e2.public.probes"].__file__))
    for name in ("checks.py", "reference.py", "question.toml"):
        try:
            open(os.path.join(folder, name)).close()
            print("BREACH: read", name)
        except OSError:
            pass
    return "tanh", [(torch.ones(1, 1, dtype=x.dtype), x.new_zeros(1)), (x.new_zeros(1, 1), x.new_zeros(1))]
