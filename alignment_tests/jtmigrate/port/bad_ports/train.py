"""A training loop, ported by replacing torch with jittor."""

import jittor as jt
from jittor import lr_scheduler, nn

jt.flags.log_silent = 1  # expect: JT057


class Classifier(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.embed = nn.Embedding(100, 16)  # expect: JT041
        self.norm = nn.InstanceNorm2d(16)  # expect: JT035
        self.drop = nn.Dropout(0.5)  # expect: JT040
        self.head = nn.Linear(16, classes)

    def execute(self, x):
        return self.head(nn.dropout(self.drop(self.embed(x)), 0.1))  # expect: JT039


class Wrapper(nn.Module):  # expect: JT052
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


outputs = []


def keep(module, given, output):  # expect: JT056
    outputs.append(output.numpy())


def fit(loader, path):
    model = Classifier(10)
    model.load_parameters(jt.load(path))  # expect: JT054
    model.register_forward_hook(keep)
    model.register_forward_hook(print)  # expect: JT055
    optimizer = jt.optim.AdamW(model.parameters(), lr=1e-3)  # expect: JT070
    other = jt.optim.Adam(model.parameters(), 1e-3, (0.9, 0.99))  # expect: JT071
    schedule = lr_scheduler.MultiStepLR(optimizer, [2, 4])  # expect: JT072
    for x, y in loader:
        loss = nn.cross_entropy_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # expect: JT073
        norm = optimizer.clip_grad_norm(1.0)  # expect: JT075
        print(norm, model.head.weight.grad)
        optimizer.step()
        other.step(loss)
        schedule.step()


def inspect(weight: jt.Var):
    return weight.grad  # expect: JT074


def freeze():
    model = nn.Linear(2, 2)
    model.eval()
    return model
