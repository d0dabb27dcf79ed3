"""The script that `jtmigrate.repro` completes: @NAME@ stands for what differs from layer to layer."""

TEMPLATE = r'''"""@LAYER@ (@KIND@): PyTorch and Jittor part here, given the same input.

Likeliest cause: @CAUSE@
Seen with: @VERSIONS@
Constructed with, in PyTorch: @TORCH_SETTINGS@
Constructed with, in Jittor: @JITTOR_SETTINGS@

Run it from the folder from which the two models can be imported. Exit code 0 if the layers agree, 1 if not.
"""

import sys
from pathlib import Path
from types import SimpleNamespace  # what a dataclass among the arguments became

import numpy as np
import torch  # before jittor: in the other order their oneDNN libraries can clash
import jittor

sys.path.insert(0, ".")
DATA = np.load(Path(__file__).with_name(@DATA@))
PATHS = {"torch": @TORCH_PATH@, "jittor": @JITTOR_PATH@}
TOLERANCE = @TOLERANCE@


def build_torch():
    @BUILD_TORCH@


def build_jittor():
    @BUILD_JITTOR@


def call(module, tensor):
    args, kwargs = @ARGS@, @KWARGS@
    if not PATHS["torch"]:  # the whole model, whose recorded argument is its inputs together
        (inputs,) = args
        args, kwargs = ((), inputs) if isinstance(inputs, dict) else (inputs if isinstance(inputs, tuple) else args, {})
    return module(*args, **kwargs)


def layer(model, framework, tensor):
    """The module with the parameters that it had when the fault was seen."""
    module = dict(model.named_modules())[PATHS[framework]] if PATHS[framework] else model
    prefix = framework + " "
    module.load_state_dict({name[len(prefix) :]: tensor(name) for name in DATA.files if name.startswith(prefix)})
    return module


def arrays(value, name=""):
    """Every tensor in a nested result, by name."""
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, (list, tuple)):
        members = enumerate(value)
    elif hasattr(value, "__dataclass_fields__"):
        members = vars(value).items()
    else:
        return {name: np.asarray(value.numpy())} if hasattr(value, "numpy") else {}
    return {key: each for own, member in members for key, each in arrays(member, f"{name}.{own}".strip(".")).items()}


def main():
    with torch.no_grad():
        module = layer(build_torch(), "torch", lambda name: torch.tensor(DATA[name]))
        expected = arrays(call(module, lambda slot: torch.tensor(DATA["input " + slot])))
    with jittor.no_grad():
        module = layer(build_jittor(), "jittor", lambda name: jittor.array(DATA[name]))
        found = arrays(call(module, lambda slot: jittor.array(DATA["input " + slot])))
    agree = len(expected) == len(found)
    for (name, a), b in zip(expected.items(), found.values()):
        if (a.shape or (1,)) != (b.shape or (1,)):
            print(f"output {name}: shape {a.shape} in PyTorch, {b.shape} in Jittor")
            agree = False
            continue
        largest, error = np.abs(a).max(), np.abs(a - b.reshape(a.shape)).max()
        print(f"output {name}: max|torch - jittor| = {error:.3e}, {error / largest:.3e} of the largest value")
        print(f"  torch : {a.ravel()[:5]}\n  jittor: {b.ravel()[:5]}")
        agree &= bool(error <= TOLERANCE * largest)
    print("the layers agree" if agree else "the layers differ")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
'''
