"""DCGAN: a generator of transposed convolutions, and a discriminator."""

from __future__ import print_function

import numpy as np
import torch
import torch.nn as nn
import torch.nn.parallel
import torch.optim as optim

# Size of z latent vector (i.e. size of generator input)
nz = 10
# Size of feature maps in generator and discriminator
ngf = ndf = 8
nc = 3


# custom weights initialization called on netG and netD
def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    def __init__(self, ngpu=1):
        super(Generator, self).__init__()
        self.ngpu = ngpu
        self.main = nn.Sequential(
            # input is Z, going into a convolution
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            # state size. (ngf*4) x 4 x 4
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            # state size. (ngf*2) x 8 x 8
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            # state size. (ngf) x 16 x 16
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
            # state size. (nc) x 32 x 32
        )

    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self, ngpu=1):
        super(Discriminator, self).__init__()
        self.ngpu = ngpu
        self.main = nn.Sequential(
            # input is (nc) x 32 x 32
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 4),
            nn.LeakyReLU(0.2, inplace=True),
            # state size. (ndf*4) x 4 x 4
            nn.Conv2d(ndf * 4, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, input):
        return self.main(input).view(-1, 1).squeeze(1)


class GAN(nn.Module):
    """Both, so that they are saved in one file"""

    def __init__(self):
        super(GAN, self).__init__()
        self.netG = Generator()
        self.netD = Discriminator()
        self.netG.apply(weights_init)
        self.netD.apply(weights_init)

    def forward(self, z):
        fake = self.netG(z)
        return fake, self.netD(fake)


def build():
    torch.manual_seed(9)
    return GAN()


def inputs():
    return {"z": np.random.RandomState(9).normal(size=(2, nz, 1, 1)).astype(np.float32)}


def main(niter=2, batchSize=4, lr=0.0002, beta1=0.5):
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    gan = build().to(device)
    netG, netD = gan.netG, gan.netD
    criterion = nn.BCELoss()
    fixed_noise = torch.randn(batchSize, nz, 1, 1, device=device)
    real_label = 1.0
    fake_label = 0.0

    # setup optimizer
    optimizerD = optim.Adam(netD.parameters(), lr=lr, betas=(beta1, 0.999))
    optimizerG = optim.Adam(netG.parameters(), lr=lr, betas=(beta1, 0.999))

    for epoch in range(niter):
        ############################
        # (1) Update D network: maximize log(D(x)) + log(1 - D(G(z)))
        ###########################
        # train with real
        netD.zero_grad()
        real = torch.rand(batchSize, nc, 32, 32, device=device) * 2 - 1
        label = torch.full((batchSize,), real_label, dtype=real.dtype, device=device)
        output = netD(real)
        errD_real = criterion(output, label)

        # train with fake
        noise = torch.randn(batchSize, nz, 1, 1, device=device)
        fake = netG(noise)
        label = torch.full_like(label, fake_label)
        output = netD(fake.detach())
        errD_fake = criterion(output, label)
        errD = errD_real + errD_fake
        errD.backward()
        optimizerD.step()

        ############################
        # (2) Update G network: maximize log(D(G(z)))
        ###########################
        netG.zero_grad()
        label = torch.full_like(label, real_label)  # fake labels are real for generator cost
        output = netD(fake)
        errG = criterion(output, label)
        errG.backward()
        D_G_z2 = output.mean().item()
        optimizerG.step()

        print("[%d/%d] Loss_D: %.4f Loss_G: %.4f D(G(z)): %.4f" % (epoch, niter, errD.item(), errG.item(), D_G_z2))
    fake = netG(fixed_noise)
    print(((fake.detach().cpu().numpy() + 1) / 2).shape)


if __name__ == "__main__":
    main()
