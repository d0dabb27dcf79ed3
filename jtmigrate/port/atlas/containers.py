"""Modules, containers and parameters."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.Module",
        Kind.MODULE,
        "*args, **kwargs",
        "jtmigrate.parity.nn.Module",
        differs=(
            "the method is execute, not forward; every Var attribute is a parameter, buffers are "
            "trained and decayed; eval() stops all gradients; load_state_dict is silent about missing "
            "keys; apply() returns None; no train(False), to(), float()"
        ),
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_module_is_used_as_in_torch",
    ),
    Entry(
        "torch.nn.Sequential",
        Kind.MODULE,
        "*args",
        "jtmigrate.parity.nn.Sequential",
        differs="append returns None; a slice is a list",
    ),
    Entry(
        "torch.nn.ModuleList",
        Kind.MODULE,
        "modules=None",
        "jtmigrate.parity.nn.ModuleList",
        differs=(
            "it is the class Sequential: takes modules one by one, can be called; no extend, insert or item assignment"
        ),
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_module_list",
    ),
    Entry(
        "torch.nn.ModuleDict",
        Kind.MODULE,
        "modules=None",
        "jtmigrate.parity.nn.ModuleDict",
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_module_dict",
    ),
    Entry(
        "torch.nn.ParameterList",
        Kind.MODULE,
        "values=None",
        "jtmigrate.parity.nn.ParameterList",
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_parameter_containers",
    ),
    Entry(
        "torch.nn.ParameterDict",
        Kind.MODULE,
        "parameters=None",
        "jtmigrate.parity.nn.ParameterDict",
        differs="it is ParameterList: iterates over values",
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_parameter_containers",
    ),
    Entry(
        "torch.nn.Parameter",
        Kind.FUNCTION,
        "data=None, requires_grad=True",
        "jtmigrate.parity.nn.Parameter",
        aliases=("torch.nn.parameter.Parameter",),
        differs="warns, and copies; any Var attribute is a parameter",
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_module_is_used_as_in_torch",
    ),
    Entry(
        "torch.nn.Buffer",
        Kind.MODULE,
        "data=None, *, persistent=True",
        advice="call register_buffer(name, value)",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.Identity",
        Kind.MODULE,
        "*args, **kwargs",
        "jtmigrate.parity.nn.Identity",
    ),
    Entry(
        "torch.nn.Flatten",
        Kind.MODULE,
        "start_dim=1, end_dim=-1",
        "jtmigrate.parity.nn.Flatten",
    ),
    Entry(
        "torch.nn.Unflatten",
        Kind.MODULE,
        "dim, unflattened_size",
        "jtmigrate.parity.nn.Unflatten",
    ),
    Entry(
        "torch.nn.Linear",
        Kind.MODULE,
        "in_features, out_features, bias=True, device=None, dtype=None",
        "jtmigrate.parity.nn.Linear",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.Bilinear",
        Kind.MODULE,
        "in1_features, in2_features, out_features, bias=True, device=None, dtype=None",
        "jtmigrate.parity.nn.Bilinear",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.LazyLinear",
        Kind.MODULE,
        "out_features, bias=True, device=None, dtype=None",
        advice="give the number of inputs: jtmigrate.parity.nn.Linear",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.DataParallel",
        Kind.MODULE,
        "module, device_ids=None, output_device=None, dim=0",
        advice="leave it out: one process computes on one device; for several run it under mpirun",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.Embedding",
        Kind.MODULE,
        (
            "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, "
            "scale_grad_by_freq=False, sparse=False, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.Embedding",
        ignored=(
            "norm_type",
            "sparse",
            "device",
        ),
        only={"max_norm": (None,), "scale_grad_by_freq": (False,), "dtype": (None,)},
        differs="an index out of range reads foreign memory without an error",
        advice="limit the rows' norm by hand after each step",
    ),
    Entry(
        "torch.nn.EmbeddingBag",
        Kind.MODULE,
        (
            "num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
            'mode="mean", sparse=False, include_last_offset=False, padding_idx=None, device=None, '
            "dtype=None"
        ),
        "jtmigrate.parity.nn.EmbeddingBag",
        ignored=(
            "norm_type",
            "sparse",
            "device",
        ),
        only={"max_norm": (None,), "scale_grad_by_freq": (False,), "include_last_offset": (False,), "dtype": (None,)},
        advice="make the bags equally long with padding_idx instead of offsets",
    ),
    Entry(
        "torch.nn.functional.linear",
        Kind.FUNCTION,
        "input, weight, bias=None",
        "jtmigrate.parity.functional.linear",
    ),
    Entry(
        "torch.nn.functional.bilinear",
        Kind.FUNCTION,
        "input1, input2, weight, bias=None",
        "jtmigrate.parity.functional.bilinear",
    ),
    Entry(
        "torch.nn.functional.one_hot",
        Kind.FUNCTION,
        "tensor, num_classes=-1",
        "jtmigrate.parity.functional.one_hot",
    ),
    Entry(
        "torch.nn.functional.embedding",
        Kind.FUNCTION,
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
        "jtmigrate.parity.functional.embedding",
        ignored=(
            "norm_type",
            "sparse",
        ),
        only={"max_norm": (None,), "scale_grad_by_freq": (False,)},
        advice="limit the rows' norm by hand after each step",
    ),
    Entry(
        "torch.nn.functional.embedding_bag",
        Kind.FUNCTION,
        (
            "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, "
            'mode="mean", sparse=False, per_sample_weights=None, include_last_offset=False, '
            "padding_idx=None"
        ),
        advice="use jtmigrate.parity.functional.embedding_bag: bags of equal length instead of offsets",
        untested="there is no counterpart",
    ),
)
