"""A convolutional variational autoencoder."""

from typing import Dict, List, Tuple

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class Reshape(nn.Module):
    def __init__(self, *shape: int):
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.view(x.size(0), *self.shape)


class VAE(nn.Module):
    def __init__(self, in_channels: int = 1, latent_dim: int = 6, hidden_dims: List[int] = None, size: int = 32):
        super().__init__()
        self.latent_dim = latent_dim

        if hidden_dims is None:
            hidden_dims = [8, 16]

        modules = []
        channels = in_channels
        for h_dim in hidden_dims:
            modules.append(
                nn.Sequential(
                    nn.Conv2d(channels, out_channels=h_dim, kernel_size=3, stride=2, padding=1),
                    nn.BatchNorm2d(h_dim),
                    nn.LeakyReLU(),
                )
            )
            channels = h_dim
        self.encoder = nn.Sequential(*modules)

        side = size // 2 ** len(hidden_dims)
        flat = hidden_dims[-1] * side * side
        self.fc_mu = nn.Linear(flat, latent_dim)
        self.fc_var = nn.Linear(flat, latent_dim)

        hidden_dims = hidden_dims[::-1]
        modules = [nn.Linear(latent_dim, flat), Reshape(hidden_dims[0], side, side)]
        for i in range(len(hidden_dims) - 1):
            modules += [
                nn.ConvTranspose2d(
                    hidden_dims[i], hidden_dims[i + 1], kernel_size=3, stride=2, padding=1, output_padding=1
                ),
                nn.BatchNorm2d(hidden_dims[i + 1]),
                nn.LeakyReLU(),
            ]
        self.decoder = nn.Sequential(*modules)
        self.final_layer = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(hidden_dims[-1], out_channels=in_channels, kernel_size=3, padding=1),
            nn.Sigmoid(),
        )

    def encode(self, input: Tensor) -> Tuple[Tensor, Tensor]:
        result = self.encoder(input)
        result = torch.flatten(result, start_dim=1)
        mu = self.fc_mu(result)
        log_var = self.fc_var(result)
        return mu, log_var

    def decode(self, z: Tensor) -> Tensor:
        return self.final_layer(self.decoder(z))

    def reparameterize(self, mu: Tensor, logvar: Tensor) -> Tensor:
        """Reparameterization trick to sample from N(mu, var) from N(0,1)."""
        if not self.training:
            return mu
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return eps * std + mu

    def forward(self, input: Tensor) -> Dict[str, Tensor]:
        mu, log_var = self.encode(input)
        z = self.reparameterize(mu, log_var)
        recons = self.decode(z)
        losses = self.loss_function(recons, input, mu, log_var, kld_weight=0.005)
        return {"recons": recons, "mu": mu, "log_var": log_var, **losses}

    @staticmethod
    def loss_function(recons: Tensor, input: Tensor, mu: Tensor, log_var: Tensor, kld_weight: float):
        recons_loss = F.mse_loss(recons, input)
        kld_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1), dim=0)
        loss = recons_loss + kld_weight * kld_loss
        return {"loss": loss, "Reconstruction_Loss": recons_loss.detach(), "KLD": -kld_loss.detach()}

    @torch.no_grad()
    def sample(self, num_samples: int, device: torch.device = torch.device("cpu")) -> Tensor:
        z = torch.randn(num_samples, self.latent_dim)
        z = z.to(device)
        return self.decode(z)


def build() -> VAE:
    torch.manual_seed(8)
    return VAE()


def inputs() -> Dict[str, np.ndarray]:
    return {"input": np.random.default_rng(8).random((3, 1, 32, 32), dtype=np.float32)}


def main() -> None:
    model = build()
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    loader = DataLoader(TensorDataset(torch.from_numpy(inputs()["input"])), batch_size=2, shuffle=True)
    for epoch in range(2):
        model.train()
        train_loss = 0.0
        for (batch,) in loader:
            optimizer.zero_grad()
            results = model(batch)
            loss = results["loss"]
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
        scheduler.step()
        print(f"====> Epoch: {epoch} Average loss: {train_loss / len(loader):.4f}")
    model.eval()
    print(model.sample(2).clamp(0, 1).mul(255).round().cpu().numpy().astype("uint8").shape)


if __name__ == "__main__":
    main()
