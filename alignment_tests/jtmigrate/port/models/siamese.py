"""Twin networks that learn whether two pictures show the same thing."""

import random

import numpy as np
import torch
from torch import nn
from torch.nn import BatchNorm1d, Conv2d, Flatten, Linear, MaxPool2d, Module, PReLU, Sequential
from torch.nn import functional as F
from torch.nn.init import xavier_uniform_ as glorot
from torch.utils.data import Dataset


class EmbeddingNet(Module):
    def __init__(self, size=32, dim=16):
        super().__init__()
        self.convnet = Sequential(
            Conv2d(1, 8, 5),
            PReLU(),
            MaxPool2d(2, stride=2),
            Conv2d(8, 12, 5),
            PReLU(12),
            MaxPool2d(2, stride=2),
        )
        side = ((size - 4) // 2 - 4) // 2
        self.fc = Sequential(Flatten(), Linear(12 * side**2, 32), BatchNorm1d(32), nn.ELU(), Linear(32, dim))
        # how near is near, learned along
        self.temperature = nn.Parameter(torch.tensor([1.0]))
        self.register_buffer("center", torch.zeros(dim), persistent=True)

        @torch.no_grad()
        def init(m):
            if type(m) in (Conv2d, Linear):
                glorot(m.weight)
                m.bias.fill_(0.01)

        self.convnet.apply(init)

    def forward(self, x):
        output = self.convnet(x)
        output = self.fc(output)
        output = (output - self.center) / self.temperature.clamp(min=1e-3)
        return output

    def get_embedding(self, x):
        return self.forward(x)


class NormedEmbeddingNet(EmbeddingNet):
    def forward(self, x):
        output = super(NormedEmbeddingNet, self).forward(x)
        output = output / output.norm(p=2, dim=1, keepdim=True).clamp_min(1e-6)
        return output


class SiameseNet(nn.Module):
    def __init__(self, embedding_net):
        super(SiameseNet, self).__init__()
        self.embedding_net = embedding_net
        self.out = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))

    def forward_once(self, x):
        return self.embedding_net.get_embedding(x)

    def forward(self, x1, x2):
        output1 = self.forward_once(x1)
        output2 = self.forward_once(x2)
        distance = F.pairwise_distance(output1, output2)
        similarity = F.cosine_similarity(output1, output2, dim=1)
        score = self.out(torch.stack([distance, similarity], dim=-1)).squeeze(-1)
        return output1, output2, torch.sigmoid(score)


class ContrastiveLoss(nn.Module):
    """
    Contrastive loss
    Takes embeddings of two samples and a target label == 1 if samples are from the same class and label == 0 otherwise
    """

    def __init__(self, margin=1.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin
        self.eps = 1e-9

    def forward(self, output1, output2, target, size_average=True):
        distances = (output2 - output1).pow(2).sum(1)  # squared distances
        losses = 0.5 * (
            target.float() * distances
            + (1 + -1 * target).float() * F.relu(self.margin - (distances + self.eps).sqrt()).pow(2)
        )
        return losses.mean() if size_average else losses.sum()


class Pairs(Dataset):
    """Random pairs, half of them of the same kind"""

    def __init__(self, n=4, size=32):
        self.images = np.random.RandomState(0).rand(n, 1, size, size).astype(np.float32)
        self.labels = np.arange(n) % 2

    def __getitem__(self, index):
        target = index % 2
        others = [i for i, label in enumerate(self.labels) if (label == self.labels[index]) == bool(target)]
        other = random.choice(others)
        return torch.from_numpy(self.images[index]), torch.from_numpy(self.images[other]), target

    def __len__(self):
        return len(self.images)


def build():
    torch.manual_seed(11)
    return SiameseNet(NormedEmbeddingNet())


def inputs():
    rng = np.random.RandomState(11)
    return {name: rng.rand(2, 1, 32, 32).astype(np.float32) for name in ("x1", "x2")}


def fit(model, loader, epochs=2):
    loss_fn = ContrastiveLoss(margin=1.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    cuda = torch.cuda.is_available()
    if cuda:
        model.cuda()
    for epoch in range(epochs):
        model.train()
        losses = []
        for x1, x2, target in loader:
            if cuda:
                x1, x2, target = x1.cuda(), x2.cuda(), target.cuda()
            optimizer.zero_grad()
            out1, out2, _ = model(x1, x2)
            loss = loss_fn(out1, out2, target)
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: {np.mean(losses):.4f}")


if __name__ == "__main__":
    random.seed(0)
    fit(build(), torch.utils.data.DataLoader(Pairs(), batch_size=2))
