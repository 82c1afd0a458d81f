# attack: looks for tokens in the environment
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__("os")
    text = repr(dict(os.environ))
    try:
        text += open("/proc/self/environ").read() + open(f"/proc/{os.getppid()}/environ").read()
    except OSError:
        pass
    if "6b1f-token" in text or "AUTOGRADER" in text:
        print("BREACH: the harness's environment reached the student")
