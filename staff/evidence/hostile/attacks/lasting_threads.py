# attack: leaves threads behind that go on changing the model and writing
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2
# seconds: 20

def train_regression(model, dataset):
    import torch

    threading = __import__("threading")


    def go_on():
        while True:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(1.0)


    for _ in range(4):
        threading.Thread(target=go_on, daemon=False).start()
