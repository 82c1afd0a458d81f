# attack: replaces the channel's encoder by one that claims success
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    channel = __import__("importlib").import_module("grading.isolation.channel")
    real = channel.encode
    channel.encode = lambda value: real({"result": 0.0, "passed": True, "score": 1000})
    __import__("json").dumps = lambda *args, **keywords: '{"value": {"dict": {"result": true}}, "arrays": []}'
