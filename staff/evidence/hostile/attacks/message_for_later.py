# attack: leaves notes for a later question's process to find
# file: train.py
# questions: q1 q2
# points: q1=2 q2=2

def train_regression(model, dataset):
    os = __import__("os")
    for folder in ("/tmp", "/dev/shm", "/var/tmp", os.environ.get("HOME", "."), ".."):
        for name in os.listdir(folder) if os.access(folder, os.R_OK) else []:
            if name.startswith("nn-note-") and name != f"nn-note-{os.getpid()}":
                print("BREACH: a note from another question in", folder)
        try:
            open(os.path.join(folder, f"nn-note-{os.getpid()}"), "w").close()
        except OSError:
            pass


train_perceptron = train_regression
