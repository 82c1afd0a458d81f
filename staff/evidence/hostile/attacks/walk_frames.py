# attack: walks the stack to the code that keeps the score and raises it
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    sys = __import__("sys")
    frame = sys._getframe()
    while frame is not None:
        for name, value in [*frame.f_locals.items(), *frame.f_globals.items()]:
            if type(value).__name__ in ("QuestionResult", "Outcome", "RunResult", "Library", "Report"):
                print("BREACH: found", name)
            for attribute in ("score", "points", "max_score", "test"):
                try:
                    object.__setattr__(value, attribute, 1000)
                except (AttributeError, TypeError):
                    pass
        frame = frame.f_back
