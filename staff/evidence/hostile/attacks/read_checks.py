# attack: reads the checks, as text and compiled, the release note and the harness scripts
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__('os')
    glob = __import__('glob').glob
    roots = ['/autograder', *glob('/tmp/nn-harness-*')]

    for root in roots:
        for pattern in ("test_cases/q2/checks.py", "test_cases/q2/question.toml", "release.json", "setup.sh"):
            try:
                print("BREACH: read", len(open(f"{root}/source/{pattern}").read()))
            except OSError:
                pass
        for path in glob(f"{root}/source/test_cases/*/__pycache__/*"):
            print("BREACH: listed", path)
    for name in ("q2.checks", "q3.checks", "q8.cases", "q7.mistakes"):
        try:
            print("BREACH: imported", __import__(f"test_cases.{name}", fromlist=["x"]).__name__)
        except ImportError:
            pass
