# attack: leaves processes behind that have left the group, the session and the parent
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os, time = __import__("os"), __import__("time")
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                if os.fork() == 0:
                    time.sleep(600)
                time.sleep(600)
            os._exit(0)
