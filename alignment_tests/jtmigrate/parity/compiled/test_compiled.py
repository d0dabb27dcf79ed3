"""Models as one operator give what they give layer by layer.

TOLERANCE: of the output's maximum: 1e-6 as for any layer, times the five or so layers in a row, since folding BatchNorm
rounds weights differently.
"""

import numpy as np
import pytest

from jtmigrate import runtime

with runtime.import_of_jittor():
    import jittor as jt

from jtmigrate.parity import nn, ops
from jtmigrate.parity.compiled import Compiled, NotCompilable, compile_for
from jtmigrate.parity.compiled.plan import Buffer, arrange

TOLERANCE = 5e-6


class Shuffled(nn.Module):
    """A ShuffleNet block: slices, depthwise convolution, interleaved channels."""

    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.LeakyReLU(0.1),
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False), nn.BatchNorm2d(half),
        )  # fmt: skip

    def execute(self, x):
        kept, x = ops.chunk(x, 2, dim=1)
        x = ops.cat([kept, self.branch(x)], dim=1)
        n, c, h, w = x.shape
        return x.reshape(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class Residual(nn.Module):
    """A ResNet block, with an activation of its own kind at the end."""

    def __init__(self, channels: int, activation: nn.Module):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding="same", groups=2)
        self.activation = activation

    def execute(self, x):
        return self.activation(x + self.conv2(self.relu(self.bn(self.conv1(x)))))


class Pyramid(nn.Module):
    """Two scales, of which the coarse one is enlarged and joined with the fine one, used twice; a flat output too."""

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(3, 10, 5, 2, 2), nn.BatchNorm2d(10), nn.LeakyReLU(0.1))
        self.coarse = nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.Conv2d(10, 14, 1), nn.BatchNorm2d(14))
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.head = nn.Conv2d(24, 7, 1)
        self.final = nn.BatchNorm2d(24)

    def execute(self, x):
        fine = self.fine(x)
        coarse = self.coarse(fine)
        both = ops.cat([self.up(coarse), fine], dim=1)
        outputs = [self.head(both).flatten(start_dim=2), self.head(self.final(both)).flatten(start_dim=2)]
        return ops.cat(outputs, dim=2).permute(0, 2, 1), [coarse, self.final(both)]


def settled(model: nn.Module, seed: int = 0) -> nn.Module:
    """In evaluation mode, with weights and statistics that matter."""
    random = np.random.default_rng(seed)
    state = {}
    for name, var in model.state_dict().items():
        values = random.standard_normal(var.shape)
        state[name] = (np.abs(values) + 0.5 if name.endswith("running_var") else values * 0.5).astype(np.float32)
    model.load_state_dict(state)
    model.eval()
    return model


def both(model: nn.Module, shape: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the compiled model and its layers return."""
    images = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    with jt.no_grad():
        return tuple(arrays(run(jt.array(images))) for run in (Compiled(model), model))


def arrays(outputs) -> list[np.ndarray]:
    if isinstance(outputs, jt.Var):
        return [outputs.numpy()]
    return [array for part in outputs for array in arrays(part)]


MODELS = {
    "shuffled": lambda: Shuffled(12),
    "shuffled twice": lambda: nn.Sequential(Shuffled(12), Shuffled(12), nn.Conv2d(12, 5, 3, 2)),
    "pyramid": Pyramid,
    **{
        f"residual {type(activation).__name__}": lambda activation=activation: Residual(12, activation)
        for activation in (
            nn.ReLU(), nn.LeakyReLU(0.2), nn.ReLU6(), nn.Hardswish(), nn.Hardsigmoid(), nn.Sigmoid(), nn.SiLU(),
            nn.Identity(),
        )
    },
    "depthwise": lambda: nn.Sequential(*(
        nn.Conv2d(12, 12, taps, stride, padding, groups=12)
        for taps, stride, padding in ((3, 1, 1), (5, 1, 2), (7, 1, 0), (3, 2, 0), (5, 2, 2), (7, 2, 3))
    )),
    "kernels": lambda: nn.Sequential(
        nn.Conv2d(12, 9, (1, 3)), nn.Conv2d(9, 300, 1), nn.ReLU(), nn.Conv2d(300, 4, 1, 2), nn.Conv2d(4, 8, 2, groups=4)
    ),
    "only a normalisation": lambda: nn.BatchNorm2d(12),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("images", [1, 3])
def test_equals_layer_by_layer(name: str, images: int) -> None:
    model = settled(MODELS[name]())
    shape = (images, 3 if name == "pyramid" else 12, 44, 60)
    found, expected = both(model, shape)
    assert len(found) == len(expected)
    for own, other in zip(found, expected, strict=True):
        assert own.shape == other.shape
        np.testing.assert_allclose(own, other, rtol=0, atol=TOLERANCE * np.abs(other).max())


def test_form_of_the_outputs() -> None:
    rows, (coarse, fine) = Compiled(settled(Pyramid()))(jt.ones((2, 3, 16, 16)))
    assert (tuple(rows.shape), tuple(coarse.shape), tuple(fine.shape)) == ((2, 128, 7), (2, 14, 4, 4), (2, 24, 8, 8))


def test_other_sizes_of_images_and_batches() -> None:
    model = settled(Shuffled(12))
    compiled = Compiled(model)
    for shape in ((1, 12, 7, 9), (2, 12, 7, 9), (5, 12, 1, 1), (1, 12, 33, 8)):
        x = jt.randn(shape)
        expected = model(x).numpy()
        np.testing.assert_allclose(compiled(x).numpy(), expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


def test_leaves_the_model_as_it_was() -> None:
    model = settled(Pyramid())
    before = [dict(vars(module)) for module in model.modules()]
    compile_for(model, (1, 3, 16, 16))
    assert [dict(vars(module)) for module in model.modules()] == before


def test_takes_the_weights_as_they_are() -> None:
    model = settled(nn.Sequential(nn.Conv2d(3, 4, 1)))
    compiled, x = Compiled(model), jt.ones((1, 3, 2, 2))
    before = compiled(x).numpy()
    model[0].bias.update(model[0].bias + 1)
    np.testing.assert_array_equal(compiled(x).numpy(), before)
    expected = model(x).numpy()
    np.testing.assert_allclose(Compiled(model)(x).numpy(), expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())
    assert np.abs(expected - before).min() > 0.9


class Product(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def execute(self, x):
        return x * self.conv(x)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Product(), "arithmetic other than sums"),
        (nn.Sequential(nn.Conv2d(3, 3, 1), nn.AdaptiveAvgPool2d(1)), "1: no operation for AdaptiveAvgPool2d"),
        (nn.Sequential(nn.Conv2d(3, 3, 3, dilation=2)), "0: a convolution with dilation"),
        (nn.Sequential(nn.Conv2d(3, 3, 3, padding_mode="reflect", padding=1)), "0: a convolution with"),
        (nn.Sequential(nn.Upsample(scale_factor=2)), "0: an Upsample that is not bilinear"),
        (nn.Sequential(nn.MaxPool2d(3, ceil_mode=True)), "0: a pool with"),
    ],
)  # fmt: skip
def test_says_what_it_does_not_know(model: nn.Module, words: str) -> None:
    model.eval()
    with pytest.raises(NotCompilable, match=words):
        Compiled(model)(jt.ones((1, 3, 8, 8)))


def test_statistics_of_the_batch_are_refused() -> None:
    with pytest.raises(NotCompilable, match=r"call eval\(\) first"):
        Compiled(nn.Sequential(nn.BatchNorm2d(3)))(jt.ones((1, 3, 8, 8)))


def test_buffers_in_use_at_the_same_time_lie_apart() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        buffers = []
        for _ in range(12):
            first = int(random.integers(10))
            buffers.append(Buffer(int(random.integers(1, 100)), first, first + int(random.integers(4))))
        size = arrange(buffers)
        for index, one in enumerate(buffers):
            assert 0 <= one.offset <= size - one.size
            for other in buffers[:index]:
                together = one.first <= other.last and other.first <= one.last
                overlap = one.offset < other.offset + other.size and other.offset < one.offset + one.size
                assert not (together and overlap)
