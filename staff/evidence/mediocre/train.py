"""The training of a mediocre but honest solution: plain gradient descent, middling learning rates, few epochs."""

from torch import no_grad
from torch.nn import Module
from torch.optim import SGD
from torch.utils.data import DataLoader

from backend import CourseDataset
from losses import digitclassifier_loss, digitconvolution_loss, languageid_loss, regression_loss
from models import PerceptronModel


def train_perceptron(model: PerceptronModel, dataset: CourseDataset) -> None:
    """Question 1: in the order in which the points come, with a learning rate that is not needed."""
    with no_grad():
        mistake = True
        while mistake:
            mistake = False
            for batch in DataLoader(dataset, batch_size=1):
                x, y = batch["x"], batch["label"]
                if model.get_prediction(x) != y.item():
                    model.get_weights().data += 0.1 * y * x
                    mistake = True


def train_regression(model: Module, dataset: CourseDataset) -> None:
    """Question 2: until the training loss of an epoch is low enough."""
    optimizer = SGD(model.parameters(), lr=0.02)
    average = 1.0
    while average > 0.005:
        total = 0.0
        for batch in DataLoader(dataset, batch_size=10, shuffle=True):
            optimizer.zero_grad()
            loss = regression_loss(model(batch["x"]), batch["label"])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch["x"])
        average = total / len(dataset)


def train_digitclassifier(model: Module, dataset: CourseDataset) -> None:
    """Question 3: until validation says 97.5%, as the hand-out advises, but no longer than 15 epochs."""
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(15):
        for batch in DataLoader(dataset, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            digitclassifier_loss(model(batch["x"]), batch["label"]).backward()
            optimizer.step()
        if dataset.get_validation_accuracy() >= 0.975:
            break


def train_languageid(model: Module, dataset: CourseDataset) -> None:
    """Question 4: a fixed number of epochs."""
    optimizer = SGD(model.parameters(), lr=0.05)
    for _ in range(15):
        for batch in DataLoader(dataset, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            languageid_loss(model(batch["x"].transpose(0, 1)), batch["label"]).backward()
            optimizer.step()


def train_digitconvolution(model: Module, dataset: CourseDataset) -> None:
    """Question 5: few epochs, because every pixel is a loop."""
    optimizer = SGD(model.parameters(), lr=0.005)
    for _ in range(3):
        for batch in DataLoader(dataset, batch_size=10, shuffle=True):
            optimizer.zero_grad()
            digitconvolution_loss(model(batch["x"]), batch["label"]).backward()
            optimizer.step()
