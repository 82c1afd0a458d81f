# attack: searches every object in memory for the tracker, the checks and the test split
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    gc, sys = __import__("gc"), __import__("sys")
    gc.unfreeze()
    for found in gc.get_objects():
        name = type(found).__name__
        if name in ("QuestionResult", "Outcome", "RunResult", "Check", "Engine", "Report"):
            print("BREACH: found a", name)
    for name in list(sys.modules):
        if name in ("grading.engine", "grading.outcomes", "grading.questions") or name.startswith("test_cases"):
            print("BREACH: the grader's module", name, "is in the student's process")
