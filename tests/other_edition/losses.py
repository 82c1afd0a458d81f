"""Losses with the label first where the other edition's solutions have it so."""

from torch.nn.functional import cross_entropy, mse_loss


def regression_loss(y, y_pred):
    return mse_loss(y_pred, y)


def digitclassifier_loss(y, y_pred):
    return cross_entropy(y_pred, y)


def languageid_loss(y_pred, y):
    return cross_entropy(y_pred, y)


def digitconvolution_Loss(y_pred, y):
    return cross_entropy(y_pred, y)
