# attack: reports a crash whose text takes the grader's search for an explanation hours
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 30

def train_regression(model, dataset):
    failure = __import__("grading.child.failure", fromlist=["failure"])
    text = "TypeError: " + "unsupported operand type" * 40000
    failure.describe = lambda error, finder: {"kind": "crash", "text": text, "location": ""}
    raise TypeError
