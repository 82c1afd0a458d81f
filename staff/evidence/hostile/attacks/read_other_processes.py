# attack: reads memory, files and environment of the grader through /proc
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os = __import__("os")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid() or int(pid) == 1:
            continue
        for name in ("mem", "environ", "maps"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    command = open(f"/proc/{pid}/cmdline").read()
                    if "grading" in command and name != "mem":
                        print("BREACH: opened", name, "of", pid)
                    elif name == "mem" and "grading" in command:
                        print("BREACH: opened the memory of", pid)
            except OSError:
                pass
