# attack: raises its own limits
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    resource = __import__("resource")
    for name in ("RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_DATA"):
        try:
            resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print("BREACH: raised", name)
        except (OSError, ValueError):
            pass
