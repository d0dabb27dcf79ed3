"""What calls into PyTorch, Jittor and Python itself return."""

from jtmigrate.port.rewrite.kinds import (
    MIXED,
    OTHER,
    SHAPE,
    TENSOR,
    TENSORS,
    UNKNOWN,
    Kind,
    Type,
    dict_of,
    element,
    instance,
    list_of,
    tuple_of,
)
from jtmigrate.port.rewrite.names import PORTED, TENSOR_CLASSES
from jtmigrate.port.rewrite.receivers import only_of_tensors
from jtmigrate.port.rewrite.words import words

_SEVERAL = words(
    """
    chunk split unbind sort topk kthvalue mode tensor_split split_with_sizes hsplit vsplit svd eig eigh qr
    slogdet std_mean var_mean frexp meshgrid broadcast_tensors cummax cummin lstsq lu aminmax histogram
    """
)
_SEVERAL_BY_DIM = frozenset({"max", "min", "median", "nanmedian"})
_NO_TENSOR = words(
    """
    size stride shape dim ndim ndimension numel nelement item tolist numpy device dtype is_cuda is_contiguous
    is_floating_point is_complex is_leaf requires_grad element_size get_device storage data_ptr layout names
    backward equal allclose is_tensor set_grad_enabled no_grad enable_grad manual_seed seed save load finfo
    iinfo Size device Generator is_grad_enabled get_default_dtype set_default_dtype set_printoptions
    set_num_threads get_num_threads compile can_cast promote_types result_type is_nonzero register_hook
    retain_grad storage_offset dense_dim sparse_dim name
    """
)
_NO_TENSOR_EITHER = ("get_", "set_", "is_", "has_", "in_")
_SHAPES = frozenset({"size", "shape", "stride", "Size"})
_RECURRENT = frozenset({"RNN", "LSTM", "GRU", "LSTMCell", "MultiheadAttention"})
_GIVE_BACK = words("eval train to cuda cpu float double half requires_grad_ apply")
_OF_MODULES = {
    "parameters": TENSORS,
    "buffers": TENSORS,
    "named_parameters": list_of(tuple_of((OTHER, TENSOR))),
    "named_buffers": list_of(tuple_of((OTHER, TENSOR))),
    "state_dict": dict_of(TENSOR),
}
_CONTAINERS = frozenset({"ModuleList", "Sequential", "ModuleDict", "ParameterList", "ParameterDict"})
_FUNCTIONS = ("torch.nn.functional.", "torch.linalg.", "torch.fft.", "torch.special.", "torch.nn.init.")
_PLAIN = words(
    """
    int float str bool bytes len range abs_ isinstance issubclass hasattr print repr round_ ord chr hash id
    format open divmod callable type all any input
    """
)
_PLAIN_LIBRARIES = words("numpy math os sys re json time random pathlib logging collections cv2 copy_ string")


def of_method(name: str, arguments: int, by_dim: bool) -> Type:
    """What a tensor's method or attribute gives, or the function of that name.

    arguments  how many there are beside the tensor; by_dim: whether `dim` is one of the named ones
    """
    if name in _SHAPES:
        return SHAPE if not arguments else OTHER
    if name in _NO_TENSOR or name.startswith(_NO_TENSOR_EITHER):
        return OTHER
    if name in _SEVERAL or (name in _SEVERAL_BY_DIM and (by_dim or arguments)):
        return TENSORS
    return TENSOR


def of_class(name: str, held: Type) -> Type:
    """An object of a class of PyTorch or Jittor, or what its function returns; UNKNOWN for others."""
    package, _, last = name.rpartition(".")
    if name in TENSOR_CLASSES or (package == "torch" and last.endswith("Tensor")):
        return TENSOR
    if package in ("torch.nn", "jittor.nn", "jtmigrate.parity.nn") and last[:1].isupper():
        return instance(name, held if last in _CONTAINERS else UNKNOWN)
    if ".optim." in f"{name}." and last[:1].isupper():
        return instance(name)
    return UNKNOWN


def of_function(name: str, arguments: tuple[Type, ...], by_dim: bool) -> Type:
    """What a call of a function with this full name returns."""
    package, _, last = name.rpartition(".")
    if package == "builtins":
        return _builtin(last, arguments)
    if package in ("torch", "jittor") or name.startswith((*_FUNCTIONS, *(f"{ported}." for ported in PORTED))):
        second = last in _SEVERAL_BY_DIM and len(arguments) > 1 and arguments[1].kind is Kind.TENSOR
        return TENSOR if second else of_method(last, max(len(arguments) - 1, 0) if last != "Size" else 0, by_dim)
    if name.partition(".")[0] in _PLAIN_LIBRARIES:
        return OTHER
    if name.startswith("copy.") or name == "torch.utils.checkpoint.checkpoint":
        return arguments[0] if arguments else UNKNOWN
    return UNKNOWN


def of_module(name: str) -> Type:
    """What an object of a class of `torch.nn` returns when it is called."""
    last = name.rpartition(".")[2]
    if last in _RECURRENT:
        return list_of(UNKNOWN) if last != "MultiheadAttention" else TENSORS
    return TENSOR if last not in _CONTAINERS or last == "Sequential" else UNKNOWN


def of_module_method(name: str, receiver: Type) -> Type | None:
    """What the methods give that only modules have, or that give back the module; None for others."""
    if name in _OF_MODULES:
        return _OF_MODULES[name]
    return receiver if receiver.kind is Kind.INSTANCE and name in _GIVE_BACK else None


def of_method_call(receiver: Type, name: str, arguments: tuple[Type, ...], by_dim: bool) -> Type | None:
    """What a method call gives that is known by its name and what it is called on; None for others."""
    if found := of_module_method(name, receiver):
        return found
    if receiver.kind is Kind.TENSOR:
        second = name in ("max", "min") and bool(arguments) and arguments[0].kind is Kind.TENSOR
        return TENSOR if second else of_method(name, len(arguments), by_dim)
    if receiver in (UNKNOWN, MIXED):
        return of_method(name, len(arguments), by_dim) if only_of_tensors(name) else None
    return _of_container(name, receiver)


def attribute_of_tensor(name: str) -> Type:
    """What an attribute of a tensor is."""
    return of_method(name, 0, False)


def _of_container(name: str, receiver: Type) -> Type | None:
    if receiver.kind not in (Kind.DICT, Kind.LIST, Kind.TUPLE, Kind.INSTANCE):
        return None
    if receiver.kind is Kind.INSTANCE and not receiver.name.endswith(("ModuleDict", "ParameterDict")):
        return None
    held = receiver.items[0] if receiver.items and receiver.kind is not Kind.TUPLE else element(receiver)
    if name == "values":
        return list_of(held)
    if name == "items":
        return list_of(tuple_of((OTHER, held)))
    if name == "keys":
        return list_of(OTHER)
    return held if name in ("pop", "get", "popitem") else receiver if name == "copy" else None


def _builtin(name: str, arguments: tuple[Type, ...]) -> Type:
    first = arguments[0] if arguments else UNKNOWN
    if name in ("list", "tuple", "reversed", "sorted", "set", "iter", "frozenset"):
        if first.kind is Kind.TUPLE:
            return first
        return list_of(element(first))
    if name == "zip":
        return list_of(tuple_of(tuple(map(element, arguments))))
    if name == "enumerate":
        return list_of(tuple_of((OTHER, element(first))))
    if name == "range":
        return SHAPE
    if name == "dict":
        return dict_of(UNKNOWN)
    if name == "next":
        return element(first)
    if name in ("sum", "max", "min", "abs", "round", "pow"):
        found = element(first) if name in ("sum", "max", "min") and len(arguments) == 1 else first
        return found if found is not MIXED else UNKNOWN
    return OTHER if name in _PLAIN else UNKNOWN
