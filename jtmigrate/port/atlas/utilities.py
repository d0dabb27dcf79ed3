"""`torch.nn.utils`."""

from jtmigrate.port.atlas.entry import Entry, Kind

NONE = "there is no counterpart"

ENTRIES = (
    Entry(
        "torch.nn.utils.clip_grad_norm_",
        Kind.FUNCTION,
        "parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None",
        aliases=("torch.nn.utils.clip_grad_norm",),
        differs="gradients belong to the optimizer; its clip_grad_norm returns None",
        advice="call jtmigrate.parity.optim.clip_grad_norm(optimizer, max_norm) after optimizer.backward(loss)",
        untested=NONE,
    ),
    Entry(
        "torch.nn.utils.clip_grad_value_",
        Kind.FUNCTION,
        "parameters, clip_value, foreach=None",
        advice="limit the gradients in optimizer.param_groups after optimizer.backward(loss)",
        untested=NONE,
    ),
    Entry(
        "torch.nn.utils.parameters_to_vector",
        Kind.FUNCTION,
        "parameters",
        "jtmigrate.parity.nn.utils.parameters_to_vector",
    ),
    Entry(
        "torch.nn.utils.vector_to_parameters",
        Kind.FUNCTION,
        "vec, parameters",
        "jtmigrate.parity.nn.utils.vector_to_parameters",
        proof="alignment_tests/jtmigrate/parity/test_module.py::test_vector_to_parameters",
    ),
    Entry(
        "torch.nn.utils.rnn.pad_sequence",
        Kind.FUNCTION,
        'sequences, batch_first=False, padding_value=0.0, padding_side="right"',
        "jtmigrate.parity.nn.utils.rnn.pad_sequence",
    ),
    Entry(
        "torch.nn.utils.rnn.pack_padded_sequence",
        Kind.FUNCTION,
        "input, lengths, batch_first=False, enforce_sorted=True",
        advice="run over the padded sequences and take each one's output at its own length",
        untested=NONE,
    ),
    Entry(
        "torch.nn.utils.rnn.pad_packed_sequence",
        Kind.FUNCTION,
        "sequence, batch_first=False, padding_value=0.0, total_length=None",
        advice="run over the padded sequences and take each one's output at its own length",
        untested=NONE,
    ),
    Entry(
        "torch.nn.utils.weight_norm",
        Kind.FUNCTION,
        'module, name="weight", dim=0',
        aliases=("torch.nn.utils.parametrizations.weight_norm",),
        advice="fold weight_g and weight_v into one weight for inference; write the layer by hand for training",
        untested=NONE,
    ),
    Entry(
        "torch.nn.utils.spectral_norm",
        Kind.FUNCTION,
        'module, name="weight", n_power_iterations=1, eps=1e-12, dim=None',
        aliases=("torch.nn.utils.parametrizations.spectral_norm",),
        advice="divide the weight by its norm for inference; write the layer by hand for training",
        untested=NONE,
    ),
    Entry(
        "torch.nn.utils.fuse_conv_bn_eval",
        Kind.FUNCTION,
        "conv, bn, transpose=False",
        advice="fuse in PyTorch before the weights are converted",
        untested=NONE,
    ),
)
