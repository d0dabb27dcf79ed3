"""Normalisations."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.BatchNorm1d",
        Kind.MODULE,
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None",
        "jtmigrate.parity.nn.BatchNorm1d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.BatchNorm2d",
        Kind.MODULE,
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None",
        "jtmigrate.parity.nn.BatchNorm2d",
        ignored=("device",),
        only={"dtype": (None,)},
        differs=(
            "running_var takes the biased batch variance (0.9446, not 0.9891, after a step with 2 "
            "values a channel); the fifth positional argument is is_train; the running statistics are "
            "among parameters(); variance as E[x^2] - E[x]^2: a standard deviation of 258, not 1, at "
            "mean 3000; one value a channel in training gives 0, not an error"
        ),
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.BatchNorm3d",
        Kind.MODULE,
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None",
        "jtmigrate.parity.nn.BatchNorm3d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.InstanceNorm1d",
        Kind.MODULE,
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None",
        "jtmigrate.parity.nn.InstanceNorm1d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.InstanceNorm2d",
        Kind.MODULE,
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None",
        "jtmigrate.parity.nn.InstanceNorm2d",
        ignored=("device",),
        only={"dtype": (None,)},
        differs=(
            "affine is True by default; variance as E[x^2] - E[x]^2: a standard deviation of 181, not 1, at mean 3000"
        ),
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.InstanceNorm3d",
        Kind.MODULE,
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None",
        "jtmigrate.parity.nn.InstanceNorm3d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.GroupNorm",
        Kind.MODULE,
        "num_groups, num_channels, eps=1e-05, affine=True, device=None, dtype=None",
        "jtmigrate.parity.nn.GroupNorm",
        ignored=("device",),
        only={"dtype": (None,)},
        differs="variance as E[x^2] - E[x]^2: a standard deviation of 165, not 1, at mean 3000",
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.LayerNorm",
        Kind.MODULE,
        "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, device=None, dtype=None",
        "jtmigrate.parity.nn.LayerNorm",
        ignored=("device",),
        only={"dtype": (None,)},
        differs="variance as E[x^2] - E[x]^2: a standard deviation of 117, not 1, at mean 3000",
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.RMSNorm",
        Kind.MODULE,
        "normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None",
        "jtmigrate.parity.nn.RMSNorm",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.LocalResponseNorm",
        Kind.MODULE,
        "size, alpha=0.0001, beta=0.75, k=1.0",
        "jtmigrate.parity.nn.LocalResponseNorm",
    ),
    Entry(
        "torch.nn.SyncBatchNorm",
        Kind.MODULE,
        (
            "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, "
            "process_group=None, device=None, dtype=None"
        ),
        advice=(
            "in one process use jtmigrate.parity.nn.BatchNorm2d; jittor.nn.BatchNorm shares statistics "
            "under mpirun, with its own variance"
        ),
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.LazyBatchNorm2d",
        Kind.MODULE,
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None",
        advice="give the number of channels: jtmigrate.parity.nn.BatchNorm2d",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.CrossMapLRN2d",
        Kind.MODULE,
        "size, alpha=0.0001, beta=0.75, k=1",
        advice="use jtmigrate.parity.nn.LocalResponseNorm",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.functional.batch_norm",
        Kind.FUNCTION,
        "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05",
        "jtmigrate.parity.functional.batch_norm",
    ),
    Entry(
        "torch.nn.functional.instance_norm",
        Kind.FUNCTION,
        (
            "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, "
            "momentum=0.1, eps=1e-05"
        ),
        "jtmigrate.parity.functional.instance_norm",
    ),
    Entry(
        "torch.nn.functional.group_norm",
        Kind.FUNCTION,
        "input, num_groups, weight=None, bias=None, eps=1e-05",
        "jtmigrate.parity.functional.group_norm",
    ),
    Entry(
        "torch.nn.functional.layer_norm",
        Kind.FUNCTION,
        "input, normalized_shape, weight=None, bias=None, eps=1e-05",
        "jtmigrate.parity.functional.layer_norm",
    ),
    Entry(
        "torch.nn.functional.rms_norm",
        Kind.FUNCTION,
        "input, normalized_shape, weight=None, eps=None",
        "jtmigrate.parity.functional.rms_norm",
    ),
    Entry(
        "torch.nn.functional.local_response_norm",
        Kind.FUNCTION,
        "input, size, alpha=0.0001, beta=0.75, k=1.0",
        "jtmigrate.parity.functional.local_response_norm",
    ),
    Entry(
        "torch.nn.functional.normalize",
        Kind.FUNCTION,
        "input, p=2.0, dim=1, eps=1e-12, out=None",
        "jtmigrate.parity.functional.normalize",
        only={"out": (None,)},
        advice="assign the result",
    ),
)
