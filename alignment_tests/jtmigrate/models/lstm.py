"""A tagger: a recurrent network of two layers over a batch of sequences."""

import jittor as jt
from torch import nn as tnn


class TorchTagger(tnn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = tnn.LSTM(5, 8, num_layers=2, batch_first=True)
        self.tag = tnn.Linear(8, 3)

    def forward(self, x):
        y, (hidden, cell) = self.lstm(x)
        return {"tags": self.tag(y), "state": (hidden, cell)}


class BatchFirstLSTM(jt.nn.LSTM):
    """Stock Jittor takes batch_first as what goes in only: what comes out has time first."""

    def execute(self, x, hx=None):
        y, state = super().execute(x, hx)
        return y.permute(1, 0, 2), state


class JittorTagger(jt.Module):
    def __init__(self, lstm=BatchFirstLSTM):
        self.lstm = lstm(5, 8, num_layers=2, batch_first=True)
        self.tag = jt.nn.Linear(8, 3)

    def execute(self, x):
        y, (hidden, cell) = self.lstm(x)
        return {"tags": self.tag(y), "state": (hidden, cell)}
