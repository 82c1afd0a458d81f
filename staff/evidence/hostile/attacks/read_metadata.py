# attack: reads earlier hidden results from submission_metadata.json, and the results so far
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__('os')
    glob = __import__('glob').glob
    roots = ['/autograder', *glob('/tmp/nn-harness-*')]

    for root in roots:
        for name in ("submission_metadata.json", "results/results.json"):
            try:
                print("BREACH: read", name, open(f"{root}/{name}").read()[:40])
            except OSError:
                pass
