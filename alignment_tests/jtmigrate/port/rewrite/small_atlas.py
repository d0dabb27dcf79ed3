"""A few entries, of every sort: tests of rewriting hang on these and not on what the atlas holds today."""

from jtmigrate.port.atlas.entry import Entry, Kind

_ENTRIES = (
    Entry("torch.nn.Module", Kind.MODULE, "", "jtmigrate.parity.nn.Module"),
    Entry(
        "torch.nn.Conv2d",
        Kind.MODULE,
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', device=None, dtype=None",
        "jtmigrate.parity.nn.Conv2d",
        ignored=("device",),
        only={"padding_mode": ("zeros",), "dtype": (None,)},
    ),
    Entry("torch.nn.Linear", Kind.MODULE, "in_features, out_features, bias=True", "jittor.nn.Linear"),
    Entry(
        "torch.nn.BatchNorm2d", Kind.MODULE, "num_features, eps=1e-5, momentum=0.1", "jtmigrate.parity.nn.BatchNorm2d"
    ),
    Entry("torch.nn.ReLU", Kind.MODULE, "inplace=False", "jtmigrate.parity.nn.ReLU"),
    Entry("torch.nn.Sequential", Kind.MODULE, "*args", "jittor.nn.Sequential"),
    Entry("torch.nn.ModuleList", Kind.MODULE, "modules=None", "jtmigrate.parity.nn.ModuleList"),
    Entry("torch.nn.Parameter", Kind.MODULE, "data=None, requires_grad=True", "jtmigrate.parity.nn.Parameter"),
    Entry("torch.nn.Module.register_forward_hook", Kind.METHOD, "hook", advice="wrap execute"),
    Entry("torch.nn.functional.relu", Kind.FUNCTION, "input, inplace=False", "jtmigrate.parity.functional.relu"),
    Entry(
        "torch.nn.functional.interpolate",
        Kind.FUNCTION,
        "input, size=None, scale_factor=None, mode='nearest', align_corners=None",
        "jtmigrate.parity.functional.interpolate",
    ),
    Entry("torch.nn.init.normal_", Kind.INITIALISER, "tensor, mean=0.0, std=1.0", "jtmigrate.parity.init.normal_"),
    Entry(
        "torch.cat",
        Kind.FUNCTION,
        "tensors, dim=0",
        "jittor.concat",
        aliases=("torch.concat",),
        rename={"tensors": "arr"},
    ),
    Entry("torch.zeros", Kind.FUNCTION, "*size, dtype=None, device=None", "jtmigrate.parity.ops.zeros"),
    Entry("torch.tensor", Kind.FUNCTION, "data, *, dtype=None, device=None", "jtmigrate.parity.ops.tensor"),
    Entry("torch.relu", Kind.FUNCTION, "input", "jittor.nn.relu", rename={"input": "x"}),
    Entry("torch.max", Kind.FUNCTION, "input, *args, dim=None, keepdim=False", "jtmigrate.parity.ops.max"),
    Entry("torch.floor_divide", Kind.FUNCTION, "input, other", "jtmigrate.parity.ops.floor_divide"),
    Entry("torch.remainder", Kind.FUNCTION, "input, other", "jtmigrate.parity.ops.remainder"),
    Entry("torch.isnan", Kind.FUNCTION, "input", "jittor.isnan"),
    Entry("torch.bitwise_not", Kind.FUNCTION, "input", "jtmigrate.parity.ops.bitwise_not"),
    Entry("torch.no_grad", Kind.CONTEXT, "", "jittor.no_grad"),
    Entry("torch.float32", Kind.CONSTANT, "", "jittor.float32", aliases=("torch.float",)),
    Entry("torch.device", Kind.CONSTANT, "", advice="leave devices out"),
    Entry("torch.optim.SGD", Kind.OPTIMIZER, "params, lr=1e-3, momentum=0", "jtmigrate.parity.optim.SGD"),
    Entry(
        "torch.optim.lr_scheduler.StepLR",
        Kind.SCHEDULER,
        "optimizer, step_size",
        "jtmigrate.parity.optim.lr_scheduler.StepLR",
    ),
    Entry("torch.Tensor.data", Kind.ATTRIBUTE, "", "jtmigrate.parity.ops.data"),
    Entry("torch.Tensor.mul_", Kind.METHOD, "other", "jtmigrate.parity.ops.mul_"),
    Entry("torch.Tensor.permute", Kind.METHOD, "*dims", "jittor.Var.permute"),
    Entry("torch.Tensor.view", Kind.METHOD, "*shape", "jittor.Var.view"),
    Entry("torch.Tensor.flatten", Kind.METHOD, "start_dim=0, end_dim=-1", "jittor.Var.flatten"),
    Entry("torch.Tensor.sum", Kind.METHOD, "dim=None, keepdim=False", "jittor.Var.sum", rename={"keepdim": "keepdims"}),
    Entry("torch.Tensor.max", Kind.METHOD, "*args, dim=None, keepdim=False", "jtmigrate.parity.ops.max"),
    Entry("torch.Tensor.argmax", Kind.METHOD, "dim=None, keepdim=False", "jtmigrate.parity.ops.argmax"),
    Entry("torch.Tensor.size", Kind.METHOD, "dim=None", "jtmigrate.parity.ops.size"),
    Entry("torch.Tensor.to", Kind.METHOD, "*args, **kwargs", "jtmigrate.parity.ops.to"),
    Entry("torch.Tensor.clamp_", Kind.METHOD, "min=None, max=None", "jtmigrate.parity.ops.clamp_"),
    Entry("torch.Tensor.backward", Kind.METHOD, "gradient=None, retain_graph=None", advice="optimizer.backward(loss)"),
    Entry("torch.Tensor.T", Kind.ATTRIBUTE, "", "jtmigrate.parity.ops.T"),
    Entry("torch.Tensor.shape", Kind.ATTRIBUTE, "", "jittor.Var.shape"),
    Entry("torch.Tensor.grad", Kind.ATTRIBUTE, "", advice="optimizer.grads"),
)

ATLAS = {name: entry for entry in _ENTRIES for name in (entry.torch, *entry.aliases)}
