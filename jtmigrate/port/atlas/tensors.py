"""What tensors are asked: attributes, dtypes, conversions, gradients."""

from jtmigrate.port.atlas.both import NO_COUNTERPART, OPS, absent, function, method, parity
from jtmigrate.port.atlas.entry import METHODS, Entry, Kind

_CAST = {"ignored": ("memory_format",)}
_FORMAT = "memory_format=None"
_BACKWARD = "optimizer.backward(loss) before optimizer.step(), or ops.grad(loss, inputs)"


def _attribute(name: str, jittor: str, **facts: str) -> Entry:
    return Entry(f"torch.Tensor.{name}", Kind.ATTRIBUTE, "", jittor, **facts)


def _no_attribute(name: str, advice: str) -> Entry:
    return Entry(f"torch.Tensor.{name}", Kind.ATTRIBUTE, advice=advice, untested=NO_COUNTERPART)


def _no_method(name: str, advice: str) -> Entry:
    return absent(f"torch.Tensor.{name}", Kind.METHOD, advice)


ENTRIES: tuple[Entry, ...] = (
    _attribute("shape", f"{METHODS}shape", differs="a NanoVector, no tuple; of what PyTorch calls 0-d it is [1,]"),
    _attribute("ndim", f"{METHODS}ndim", differs="1 of what PyTorch calls 0-d"),
    _attribute("dtype", f"{METHODS}dtype", differs="cannot be a key of a dict"),
    _attribute("T", f"{OPS}T"),
    _attribute("mT", f"{OPS}mT"),
    _attribute("data", f"{OPS}data", differs="a numpy array that shares memory with the Var"),
    _attribute("requires_grad", f"{METHODS}requires_grad", differs="True of every new Var",
               untested="a Var has no gradient only where it was stopped: True is the usual value, not False"),
    _attribute("is_cuda", f"{OPS}is_cuda"),
    _attribute("device", f"{OPS}device_of", untested="a name here, a torch.device there"),
    _no_attribute("grad", "optimizer.find_grad(parameter) after optimizer.backward(loss), or jt.grad(loss, x)"),
    _no_attribute("grad_fn", "Jittor shows no graph"),
    _no_attribute("is_leaf", "Jittor's parameters are what Module.parameters() lists"),
    _no_attribute("real", "Jittor has no complex numbers: keep two tensors"),
    _no_attribute("imag", "Jittor has no complex numbers: keep two tensors"),
    method("size", "dim=None", f"{METHODS}size", by_place=("dim",), differs="a NanoVector, no tuple"),
    method("dim", "", f"{METHODS}dim", aliases=("torch.Tensor.ndimension",)),
    method("numel", "", f"{METHODS}numel", aliases=("torch.Tensor.nelement",)),
    function("numel", "input", f"{METHODS}numel", by_place=("input",)),
    *parity("is_floating_point"),
    method("element_size", "", f"{OPS}element_size"),
    method("is_contiguous", _FORMAT, f"{OPS}is_contiguous", **_CAST),
    method("contiguous", _FORMAT, f"{OPS}contiguous", **_CAST),
    method("clone", f"*, {_FORMAT}", f"{METHODS}clone", **_CAST),
    function("clone", f"input, *, {_FORMAT}", "jittor.clone", by_place=("input",), **_CAST),
    method("detach", "", f"{METHODS}detach"),
    function("detach", "input", "jittor.detach", by_place=("input",)),
    method("detach_", "", f"{OPS}detach_"),
    method("requires_grad_", "requires_grad=True", f"{OPS}requires_grad_"),
    method("to", "*args, **kwargs", f"{OPS}to", differs='x.to("cuda:1") sets a flag for the whole process'),
    method("type_as", "other", f"{METHODS}type_as", by_place=("other",)),
    method("type", "dtype=None, non_blocking=False", f"{OPS}to", ignored=("non_blocking",),
           untested="a name of a dtype without one, else the same as to"),
    method("cpu", _FORMAT, f"{OPS}cpu", **_CAST),
    method("cuda", "device=None, non_blocking=False, memory_format=None", f"{OPS}cuda",
           ignored=("device", "non_blocking", "memory_format"), untested="PyTorch needs a GPU for it",
           differs="sets a flag for the whole process"),
    method("float", _FORMAT, f"{METHODS}float32", **_CAST),
    method("double", _FORMAT, f"{METHODS}float64", **_CAST),
    method("half", _FORMAT, f"{METHODS}float16", **_CAST),
    method("bfloat16", _FORMAT, f"{METHODS}bfloat16", **_CAST,
           untested="numpy, which compares the results, has no bfloat16"),
    method("long", _FORMAT, f"{METHODS}int64", **_CAST),
    method("int", _FORMAT, f"{METHODS}int32", **_CAST),
    method("short", _FORMAT, f"{METHODS}int16", **_CAST),
    method("char", _FORMAT, f"{METHODS}int8", **_CAST),
    method("byte", _FORMAT, f"{METHODS}uint8", **_CAST, differs="uint8 + 1 is int8, uint8 / 255.0 is float16"),
    method("bool", _FORMAT, f"{METHODS}bool", **_CAST, differs="bool * 1.0 is float16"),
    method("item", "", f"{METHODS}item"),
    method("tolist", "", f"{METHODS}tolist", differs="a list of one number of what PyTorch calls 0-d"),
    method("numpy", "*, force=False", f"{METHODS}numpy", ignored=("force",)),
    _no_method("backward", _BACKWARD),
    _no_method("register_hook", "x.register_hook(hook) is there, without a handle to remove it"),
    _no_method("retain_grad", "jt.grad(loss, x) gives the gradient of any Var"),
    _no_method("stride", "every Var is contiguous: compute the strides from the shape"),
    _no_method("as_strided", "x.reindex, or slices"),
    _no_method("storage", "x.numpy() is all there is"),
    _no_method("data_ptr", "two Vars are the same if `a is b`"),
    _no_method("pin_memory", "leave it out"),
    _no_method("share_memory_", "leave it out: processes exchange numpy arrays"),
    _no_method("get_device", "leave it out: Jittor computes where jt.flags.use_cuda says"),
    _no_method("apply_", "jt.array(numpy.vectorize(function)(x.numpy()))"),
    _no_method("map_", "jt.array(numpy.vectorize(function)(x.numpy(), y.numpy()))"),
    _no_method("set_", "ops.copy_(x, source) where the shapes agree"),
    _no_method("resize_", "make a new Var"),
    _no_method("cauchy_", "numpy.random, then ops.copy_"),
    _no_method("exponential_", "ops.copy_(x, -jt.log(1 - jt.rand(x.shape)))"),
    _no_method("is_complex", "False"),
    _no_attribute("is_sparse", "False"),
    _no_method("to_sparse", "jt.sparse has sparse matrices of its own"),
)  # fmt: skip
