# attack: reads the hidden test split from disk
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__('os')
    glob = __import__('glob').glob
    roots = ['/autograder', *glob('/tmp/nn-harness-*')]

    for root in roots:
        for path in (f"{root}/source/hidden", f"{root}/source/hidden/digits.npz", f"{root}/source/hidden/words.npz"):
            try:
                print("BREACH: read", path, os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(4))
            except OSError:
                pass
