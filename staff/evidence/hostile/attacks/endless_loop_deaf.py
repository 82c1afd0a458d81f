# attack: never ends and ignores every signal that can be ignored
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 12

def train_regression(model, dataset):
    signal = __import__("signal")
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError, RuntimeError):
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
