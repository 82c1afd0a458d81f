# attack: opens connections, by address and by name, and listens
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    socket = __import__("socket")
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                with socket.socket(family, kind) as connection:
                    connection.settimeout(1)
                    connection.connect(("1.1.1.1", 53) if family == socket.AF_INET else ("2606:4700:4700::1111", 53))
                print("BREACH: a connection was opened")
            except OSError:
                pass
    try:
        socket.getaddrinfo("example.org", 80)
        print("BREACH: a name was resolved")
    except OSError:
        pass
