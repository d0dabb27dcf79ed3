import numpy as np
import pytest

torch = pytest.importorskip("torch")
jt = pytest.importorskip("jittor")

from jtmigrate.parity import nn  # noqa: E402
from jtmigrate.parity.convolution import Geometry, conv2d  # noqa: E402

# (channels, outputs, kernel, image, geometry)
CASES = {
    "pointwise": (24, 40, (1, 1), (9, 7), Geometry()),
    "pointwise, padded": (4, 6, (1, 1), (5, 6), Geometry(padding=(1, 1))),
    "dense": (33, 20, (3, 3), (11, 8), Geometry(padding=(1, 1))),
    "no padding": (5, 7, (3, 3), (6, 6), Geometry()),
    "full padding": (5, 7, (3, 3), (6, 6), Geometry(padding=(2, 2))),
    "more padding than kernel": (5, 7, (3, 3), (6, 6), Geometry(padding=(3, 2))),
    "strided": (3, 24, (3, 3), (16, 15), Geometry((2, 2), (1, 1))),
    "rows lost to the stride": (3, 5, (2, 2), (8, 7), Geometry((3, 2))),
    "dilated": (8, 6, (3, 3), (9, 10), Geometry(padding=(2, 2), dilation=(2, 2))),
    "depthwise": (16, 16, (5, 5), (10, 9), Geometry(padding=(2, 2), groups=16)),
    "depthwise, strided": (16, 16, (5, 5), (10, 9), Geometry((2, 2), (2, 2), groups=16)),
    "depthwise, two outputs a channel": (6, 12, (3, 3), (7, 7), Geometry(padding=(1, 1), groups=6)),
    "grouped": (12, 18, (3, 3), (8, 8), Geometry(padding=(1, 1), groups=3)),
    "nothing square": (6, 4, (3, 2), (13, 9), Geometry((2, 1), (0, 1), (1, 3), 2)),
    "one asymmetric": (6, 4, (1, 5), (5, 9), Geometry(padding=(0, 3))),
}
# Largest error as a fraction of the largest value. Some hundred products are summed: about ten roundings of 6e-8 in
# float32; in float64 PyTorch's own rounding, up to 5e-15, comes on top.
TOLERANCE = {"float32": 1e-6, "float64": 1e-14}


@pytest.fixture(autouse=True)
def keep_float64():
    with jt.flag_scope(auto_convert_64_to_32=0):
        yield


def arrays(case: tuple, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    channels, outputs, kernel, image, geometry = case
    rng = np.random.default_rng(0)
    shapes = (2, channels, *image), (outputs, channels // geometry.groups, *kernel)
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)


def in_torch(x: np.ndarray, weight: np.ndarray, geometry: Geometry) -> list[np.ndarray]:
    """y and the gradients of sum(y ** 2) by x and weight."""
    x, weight = (torch.tensor(values.astype("float64"), requires_grad=True) for values in (x, weight))
    y = torch.nn.functional.conv2d(x, weight, None, *geometry)
    return [values.detach().numpy() for values in (y, *torch.autograd.grad((y * y).sum(), [x, weight]))]


def scaled_error(actual: jt.Var, expected: np.ndarray) -> float:
    assert tuple(actual.shape) == expected.shape
    return np.abs(actual.numpy() - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_equals_torch(case: tuple, dtype: str):
    x, weight = arrays(case, dtype)
    inputs = jt.array(x), jt.array(weight)
    y = conv2d(*inputs, case[-1])
    results = [y, *jt.grad((y * y).sum(), list(inputs))]
    assert {str(result.dtype) for result in results} == {dtype}
    errors = [scaled_error(*pair) for pair in zip(results, in_torch(x, weight, case[-1]), strict=True)]
    assert max(errors) <= TOLERANCE[dtype], errors


def test_float32_sums_of_many_products_stay_accurate():
    """Stock Jittor: 1.6e-6 on a machine with AVX-512."""
    case = (192, 192, (3, 3), (10, 10), Geometry(padding=(1, 1)))
    x, weight = arrays(case, "float32")
    assert scaled_error(conv2d(jt.array(x), jt.array(weight), case[-1]), in_torch(x, weight, case[-1])[0]) <= 6e-7


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("frozen", [0, 1], ids=["x", "weight"])
def test_gradient_by_one_input_only(dtype: str, frozen: int):
    case = CASES["dense"]
    x, weight = arrays(case, dtype)
    inputs = [jt.array(x), jt.array(weight)]
    inputs[frozen] = inputs[frozen].stop_grad()
    y = conv2d(*inputs, case[-1])
    gradient = jt.grad((y * y).sum(), inputs[1 - frozen])
    assert scaled_error(gradient, in_torch(x, weight, case[-1])[2 - frozen]) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gradients_of_a_shared_weight_add_up(dtype: str):
    case = CASES["dense"]
    x, weight = arrays(case, dtype)
    shared = jt.array(weight)
    total = sum((y * y).sum() for y in (conv2d(jt.array(values), shared, case[-1]) for values in (x, -2 * x)))
    assert scaled_error(jt.grad(total, shared), 5 * in_torch(x, weight, case[-1])[2]) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_without_gradient(dtype: str):
    case = CASES["dense"]
    x, weight = arrays(case, dtype)
    with jt.no_grad():
        y = conv2d(jt.array(x), jt.array(weight), case[-1])
    assert scaled_error(y, in_torch(x, weight, case[-1])[0]) <= TOLERANCE[dtype]


def test_float64_survives_jittor_default_of_narrowing():
    case = CASES["dense"]
    x, weight = map(jt.array, arrays(case, "float64"))
    with jt.flag_scope(auto_convert_64_to_32=1):
        y = conv2d(x, weight, case[-1])
        gradient = jt.grad((y * y).sum(), x)
        assert scaled_error(gradient, in_torch(x.numpy(), weight.numpy(), case[-1])[1]) <= TOLERANCE["float64"]


def test_mixed_precision_is_float64():
    x, weight = arrays(CASES["dense"], "float32")
    assert str(conv2d(jt.array(x), jt.array(weight).float64(), CASES["dense"][-1]).dtype) == "float64"


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (1, 4, 2, 8)], ids=["channels", "smaller than kernel"])
def test_input_that_does_not_fit(shape: tuple):
    with pytest.raises(ValueError, match="does not fit weight"):
        conv2d(jt.zeros(shape), jt.zeros((6, 4, 3, 3)), Geometry())


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_module_equals_torch(dtype: str):
    ours, theirs = (module.Conv2d(6, 8, 3, stride=2, padding=1, groups=2) for module in (nn, torch.nn))
    theirs = theirs.double()
    x = np.random.default_rng(0).standard_normal((2, 6, 9, 9)).astype(dtype)
    if dtype == "float64":
        ours.float64()
    ours.load_state_dict({name: values.numpy().astype(dtype) for name, values in theirs.state_dict().items()})
    reference = theirs(torch.tensor(x.astype("float64")))
    y = ours(jt.array(x))
    assert scaled_error(y, reference.detach().numpy()) <= TOLERANCE[dtype]
    (reference * reference).sum().backward()
    gradient = jt.grad((y * y).sum(), ours.bias)
    assert scaled_error(gradient, theirs.bias.grad.numpy()) <= TOLERANCE[dtype]
