# attack: rewrites run_autograder, setup.sh and the engine, and plants modules beside them
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__('os')
    glob = __import__('glob').glob
    roots = ['/autograder', *glob('/tmp/nn-harness-*')]

    for root in roots:
        for pattern in ("run_autograder", "setup.sh", "grading/*.py", "grading/*/*.py", "data/*", "backend.py"):
            for path in glob(f"{root}/source/{pattern}"):
                try:
                    open(path, "a").close()
                    print("BREACH: can write", path)
                except OSError:
                    pass
        for name in ("sitecustomize.py", "grading/torch.py", "grading/__pycache__/engine.cpython-311.pyc"):
            try:
                with open(f"{root}/source/{name}", "w") as file:
                    file.write("print('BREACH: planted')")
                print("BREACH: planted", name)
            except OSError:
                pass
