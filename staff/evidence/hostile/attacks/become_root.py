# attack: asks for root, by every call and program that could give it
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    os, subprocess = __import__("os"), __import__("subprocess")
    for call in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0), lambda: os.chroot("/")):
        try:
            call()
            print("BREACH: a privilege was given")
        except OSError:
            pass
    for command in (["su", "-c", "id"], ["sudo", "-n", "id"], ["mount", "-t", "tmpfs", "x", "/mnt"], ["pkexec", "id"]):
        try:
            if subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5).returncode == 0:
                print("BREACH:", command)
        except (OSError, subprocess.SubprocessError):
            pass
