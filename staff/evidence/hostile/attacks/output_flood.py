# attack: prints without end
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 12

def train_regression(model, dataset):
    while True:
        print("x" * 100000)
