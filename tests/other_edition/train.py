"""Training loops that lean on validation accuracy, word-length buckets and .data, as the other edition's do."""

import random

import numpy as np
import torch
from torch import movedim, no_grad, optim, tensor
from torch.utils.data import DataLoader

from losses import digitclassifier_loss, digitconvolution_Loss, languageid_loss, regression_loss


def train_perceptron(model, dataset):
    with no_grad():
        dataloader = DataLoader(dataset, batch_size=1, shuffle=True)
        converged = False
        while not converged:
            converged = True
            for batch in dataloader:
                x, y = batch["x"], batch["label"]
                if y != model.get_prediction(x):
                    converged = False
                    model.get_weights().data += 0.5 * y * x


def train_regression(model, dataset):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    total = float("inf")
    while total > 0.005:
        total = 0
        for batch in DataLoader(dataset, batch_size=20, shuffle=True):
            optimizer.zero_grad()
            loss = regression_loss(batch["label"], model(batch["x"]))
            loss.backward()
            optimizer.step()
            total += loss.item() / 10


def train_digitclassifier(model, dataset):
    model.train()
    optimizer = optim.Adam(model.parameters(), lr=0.003)
    while True:
        for batch in DataLoader(dataset, batch_size=100, shuffle=True):
            optimizer.zero_grad()
            loss = digitclassifier_loss(batch["label"], model(batch["x"]))
            loss.backward()
            optimizer.step()
        dataset.epoch += 1
        if dataset.get_validation_accuracy() > 0.976 or dataset.epoch == 12:
            return


def train_languageid(model, dataset):
    optimizer = optim.Adam(model.parameters(), lr=0.002)
    while dataset.epoch < 4:
        batches = []
        for start, end in dataset.train_buckets:
            rows = np.random.permutation(np.arange(start, end))
            batches += [rows[i : i + 64] for i in range(0, len(rows), 64)]
        random.shuffle(batches)
        for rows in batches:
            xs, y = dataset._encode(dataset.train_x[rows], dataset.train_y[rows])
            optimizer.zero_grad()
            loss = languageid_loss(model(xs), y)
            loss.backward()
            optimizer.step()
        dataset.epoch += 1


def Train_DigitConvolution(model, dataset):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    accuracy = 0
    while accuracy < 0.84:
        for batch in DataLoader(dataset, batch_size=5, shuffle=True):
            optimizer.zero_grad()
            loss = digitconvolution_Loss(model(batch["x"]), batch["label"])
            loss.backward()
            optimizer.step()
        accuracy = dataset.get_validation_accuracy()
