"""Optimizer steps, norms and averages of many tensors at once, instead of some ten operators for each."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import jittor as jt

from jtmigrate.parity.kernels.call import call, includes

TOGETHER = 48
"""Tensors an operator. One is compiled for each number of tensors, and for each number of their dimensions."""

POINTERS = """
std::vector<long> sizes;
std::vector<std::vector<float*>> given(@INPUTS), made(@OUTPUTS);
for (size_t i = 0; i < _outputs.size() / @OUTPUTS; i++) {
    sizes.push_back(_inputs[i * @INPUTS]->num);
    for (int k = 0; k < @INPUTS; k++) given[k].push_back(_inputs[i * @INPUTS + k]->ptr<float>());
    for (int k = 0; k < @OUTPUTS; k++) made[k].push_back(_outputs[i * @OUTPUTS + k]->ptr<float>());
}
"""
AVERAGE = """
const float kept = data["kept"], share = data["share"];
kernels::each(sizes, [&](long t, long i) { made[0][t][i] = given[0][t][i] * kept + given[1][t][i] * share; });
"""
SCALE = """
const float factor = _inputs.back()->ptr<float>()[0];
kernels::each(sizes, [&](long t, long i) { made[0][t][i] = given[0][t][i] * factor; });
"""
ADAM = """
const float beta1 = data["beta1"], new1 = data["new1"], beta2 = data["beta2"], new2 = data["new2"];
const float kept = data["kept"], decay = data["decay"];
const double rate = data["rate"], root = data["root"], eps = data["eps"];
kernels::each(sizes, [&](long t, long i) {
    const float start = given[0][t][i] * kept, gradient = given[1][t][i] + given[0][t][i] * decay;
    const float average = given[2][t][i] * beta1 + gradient * new1;
    const float square = given[3][t][i] * beta2 + gradient * gradient * new2;
    made[0][t][i] = start - average * rate / (std::sqrt(double(square)) / root + eps);
    made[1][t][i] = average;
    made[2][t][i] = square;
});
"""
SQUARES = """
std::vector<long> sizes;
std::vector<const float*> given;
for (auto* input : _inputs) {
    sizes.push_back(input->num);
    given.push_back(input->ptr<float>());
}
out0_p[0] = kernels::sum_of_squares(given, sizes);
"""


def adam(tensors: Sequence[tuple[jt.Var, jt.Var, jt.Var, jt.Var]], **numbers: float) -> None:
    """A step of Adam on parameters, gradients, first and second moments, in place of the old values.

    numbers: beta1, beta2, what is new of each (new1, new2), kept (the share of a parameter that decay leaves), decay
    (what it adds to the gradient), rate, root (the correction of the second moment's root), eps.
    """
    for together in _groups(tensors):
        outputs = _call(ADAM, together, [0, 2, 3], **numbers)
        for (parameter, _, average, square), new in zip(together, outputs, strict=True):
            for var, value in zip((parameter, average, square), new, strict=True):
                var.update(value)


def move_averages(pairs: Sequence[tuple[jt.Var, jt.Var]], share: float) -> None:
    """Move every first Var towards the second one, in place of the old value."""
    for together in _groups(pairs):
        outputs = _call(AVERAGE, together, [0], kept=1 - share, share=share)
        for (average, _), (new,) in zip(together, outputs, strict=True):
            average.update(new)


def norm(tensors: Sequence[jt.Var]) -> jt.Var:
    """The 2-norm of all of them together, (1,) in float64."""
    parts = [
        jt.code([(1,)], ["float64"], [tensor for (tensor,) in together], cpu_header=includes("many"), cpu_src=SQUARES)[
            0
        ]
        for together in _groups([(tensor,) for tensor in tensors])
    ]
    return jt.sqrt(jt.concat(parts).sum())


def scale(tensors: Sequence[jt.Var], factor: jt.Var) -> None:
    """Multiply each by a factor (1,), in place of the old value."""
    for together in _groups([(tensor,) for tensor in tensors]):
        for (tensor,), (new,) in zip(together, _call(SCALE, together, [0], factor), strict=True):
            tensor.update(new)


def _call(
    source: str, tensors: Sequence[Sequence[jt.Var]], changed: Sequence[int], *more: jt.Var, **numbers: float
) -> Iterator[tuple[jt.Var, ...]]:
    """New values of those Vars of each tuple whose places are in `changed`."""
    inputs, outputs = len(tensors[0]), len(changed)
    text = (POINTERS + source).replace("@INPUTS", str(inputs)).replace("@OUTPUTS", str(outputs))
    shapes = [vars_[place].shape for vars_ in tensors for place in changed]
    found = call(shapes, [var for vars_ in tensors for var in vars_] + list(more), "many", text, **numbers)
    return zip(*[iter(found)] * outputs, strict=True)


def _groups(tensors: Sequence[Sequence[jt.Var]]) -> Iterator[list[Sequence[jt.Var]]]:
    """Tuples of Vars with as many dimensions, a few dozen at a time."""
    by_dims = defaultdict(list)
    for vars_ in tensors:
        by_dims[vars_[0].ndim].append(vars_)
    for alike in by_dims.values():
        for start in range(0, len(alike), TOGETHER):
            yield alike[start : start + TOGETHER]
