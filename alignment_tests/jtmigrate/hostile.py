"""Files that no program should trust, made here byte by byte: payloads, damage and absurd sizes.

Loaded by an ordinary unpickler, a payload makes the folder "made" in the current one.
"""

import hashlib
import io
import pickle
import struct
import warnings
import zipfile
from collections.abc import Iterator

import numpy as np

from alignment_tests.jtmigrate.checkpoint import test_npz, test_onnx, test_safetensors
from jtmigrate.checkpoint.pickle_opcodes import atom, global_, memorise, recall, tuple_

PROTO = b"\x80\x04"
STOP = b"."
MKDIR = global_("os", "mkdir")
ARGUMENTS = tuple_(atom("made"))
MADE = MKDIR + ARGUMENTS + b"R"


def corpus() -> dict[str, tuple[str, bytes]]:
    """Name -> suffix and content. All of them are to be refused."""
    files = {f"pickle: {name}": (".pkl", content) for name, content in pickles()}
    files |= {f"zip: {name}": (".pth", content) for name, content in zips()}
    files |= {f"legacy: {name}": (".pth", content) for name, content in legacies()}
    files |= {f"other: {name}": (".pth", content) for name, content in others()}
    files |= {f"safetensors: {name}": (".safetensors", found[0]) for name, found in test_safetensors.BROKEN.items()}
    files |= {f"onnx: {name}": (".onnx", found[0]) for name, found in test_onnx.BROKEN.items()}
    files |= {f"npz: {name}": (".npz", test_npz.archive(found[0])) for name, found in test_npz.BROKEN.items()}
    files["npz: bomb"] = (".npz", test_npz.archive(("w.npy", bytes(100 << 20)), compression=zipfile.ZIP_DEFLATED))
    return files


def payloads() -> Iterator[tuple[str, bytes]]:
    """Opcodes that push what a call returns, one of each family that can call."""
    yield "REDUCE", MADE
    yield "REDUCE of a STACK_GLOBAL", atom("os") + atom("mkdir") + b"\x93" + ARGUMENTS + b"R"
    yield "INST", b"(" + atom("made") + b"ios\nmkdir\n"
    yield "OBJ", b"(" + MKDIR + atom("made") + b"o"
    yield "NEWOBJ", MKDIR + ARGUMENTS + b"\x81"
    yield "NEWOBJ_EX", MKDIR + ARGUMENTS + b"}\x92"
    yield "BUILD", global_("os", "mkdir") + b")\x81" + tuple_(b"}", b"}" + atom("made") + atom("x") + b"s") + b"b"
    yield "BUILD of a class", global_("numpy", "dtype") + tuple_(b"N", b"}" + atom("__call__") + MKDIR + b"s") + b"b"
    yield "EXT1", b"\x82\x01" + ARGUMENTS + b"R"
    yield "EXT2", b"\x83\x01\x01" + ARGUMENTS + b"R"
    yield "EXT4", b"\x84\x01\x01\x01\x01" + ARGUMENTS + b"R"
    yield "eval", global_("builtins", "eval") + tuple_(atom("__import__('os').mkdir('made')")) + b"R"
    yield "getattr", global_("builtins", "getattr") + tuple_(global_("os", "path"), atom("join")) + b"R"
    yield "what a call returned", global_("functools", "partial") + tuple_(MKDIR) + b"R" + ARGUMENTS + b"R"
    yield "dict subclass", global_("collections", "defaultdict") + tuple_(MKDIR) + b"R" + ARGUMENTS + b"R"
    yield "load of numpy", global_("numpy", "load") + tuple_(atom("x"), b"N", b"\x88") + b"R"
    yield "state of an array", global_("numpy.core.multiarray", "_reconstruct") + tuple_(MKDIR) + b"R" + MADE + b"b"


def pickles() -> Iterator[tuple[str, bytes]]:
    for name, payload in payloads():
        yield f"{name} alone", PROTO + payload + STOP
        yield f"{name} for a tensor", model_pickle(payload)
        yield f"{name} as a key", PROTO + b"}" + payload + b"Ks."
    yield "PERSID", PROTO + b"Pos.mkdir\n."
    yield "BINPERSID", PROTO + MADE + b"Q."
    yield "array of objects", pickle.dumps({"w": np.array([None, 1])}, 4)
    yield "array without state", PROTO + b"}" + atom("w") + _RECONSTRUCT + b"s."
    yield "shape of 2^60", array_pickle((2**60,))
    yield "shape of 2^60 x 2^60", array_pickle((2**60, 2**60))
    yield "negative shape", array_pickle((-1, -2))
    yield "shape of texts", array_pickle(("2",))
    yield "100,000 dimensions", array_pickle((1,) * 100_000)
    yield "dtype of objects", array_pickle((2,), "O8")
    yield "dtype of 2^31 characters", array_pickle((2,), "S2147483647")
    yield "Var without an array", PROTO + b"}" + atom("w") + global_("jittor.jittor_core", "Var") + b"K\x01\x85Rs."
    yield "wrong checksum", (content := array_pickle((2,))) + hashlib.sha1(b"").digest() + b"HCAJSLHD"
    yield "only a checksum", content[:3] + b"HCAJSLHD"
    yield "bytes beyond the file", PROTO + b"}" + atom("w") + b"B\xff\xff\xff\x7f" + bytes(9) + b"s."
    yield "bytes of 2^62", PROTO + b"}" + atom("w") + b"\x8e" + struct.pack("<Q", 2**62) + bytes(9) + b"s."
    yield "text of 2^60", PROTO + b"\x8d" + struct.pack("<Q", 2**60)
    yield "text of 2^31", PROTO + b"X\xff\xff\xff\x7fabc"
    yield "number of 2^31 digits", PROTO + b"\x8b\xff\xff\xff\x7f"
    yield "number of 2^31 negative digits", PROTO + b"\x8b\xff\xff\xff\xff"
    yield "number of a million decimals", PROTO + b"I" + b"9" * 1_000_000 + b"\n."
    yield "key of 100,000 digits", PROTO + b"}" + b"\x8b" + struct.pack("<I", 40_000) + b"\x7f" * 40_000 + b"K\x01s."
    yield "line without an end", PROTO + b"c" + b"o" * 1_000_000
    yield "frame of 2^62", PROTO + b"\x95" + struct.pack("<Q", 2**62)
    yield "memo of 2^31", PROTO + b"}r\xff\xff\xff\x7f."
    yield "memo that is not there", PROTO + b"h\x07."
    yield "no mark", PROTO + b"t."
    yield "empty stack", PROTO + b"R."
    yield "no stop", PROTO + b"}"
    yield "unknown opcode", PROTO + b"\xff."
    yield "buffer out of band", PROTO + b"\x97."
    yield "items of no dict", PROTO + b"]K\x01K\x02s."
    yield "key without a value", PROTO + b"}(K\x01u."
    yield "nest of tuples as a key", PROTO + b"}" + nest(60) + b"K\x01s."
    yield "nest of tuples in a set", PROTO + b"\x8f(" + nest(60) + b"\x90."
    yield "nest of tuples in a frozenset", PROTO + b"(" + nest(60) + b"\x91."
    yield "nest of tuples as a reference", PROTO + nest(60) + b"Q."
    yield "nest of tuples for a shape", array_pickle((), shape=nest(60))
    yield "tuple in a tuple, a million times", PROTO + b")" + b"\x85" * 1_000_000 + STOP
    yield "list in itself", PROTO + b"]" + memorise(1) + recall(1) + b"a."
    yield "dict in itself", PROTO + b"}" + memorise(1) + atom("state_dict") + recall(1) + b"s."
    yield "four million dicts", PROTO + b"}" * 4_000_000 + STOP
    yield "four million marks", PROTO + b"(" * 4_000_000 + STOP
    yield "200,000 classes", PROTO + b"".join(b"c%d\nx\n" % number for number in range(200_000)) + STOP
    yield "100,000 arrays of one", PROTO + b"(" + _RECONSTRUCT * 100_000 + b"t."
    keys = b"".join(atom(f"{number}\n") + b"N" for number in range(100_000))
    yield "100,000 names of two lines", PROTO + b"}(" + keys + b"u."
    yield "class of two lines", PROTO + atom("a\nb") + atom("c\nd") + b"\x93."
    yield "text of 40 million", PROTO + b"X" + struct.pack("<I", 40_000_000) + b"x" * 40_000_000 + STOP
    whole = array_pickle((2,))
    for length in range(2, len(whole), 9):
        yield f"truncated to {length}", whole[:length]


def zips() -> Iterator[tuple[str, bytes]]:
    whole = archive()
    for offset in structural_offsets(whole):
        yield f"truncated to {offset}", whole[:offset]
    yield "truncated to all but one byte", whole[:-1]
    yield "wrong checksum of the pickle", archive(damage="data.pkl")
    yield "wrong checksum of a storage", archive(damage="data/0")
    for name, payload in payloads():
        yield f"{name} for a tensor", archive(pickled=model_pickle(payload))
    yield "storage missing", archive(storages={})
    yield "storage elsewhere", archive(pickled=tensor_pickle(key="../../../etc/passwd"))
    yield "storage of a number", archive(pickled=tensor_pickle(key=0))
    yield "storage too short", archive(storages={"0": bytes(4)})
    yield "size of 2^60", archive(pickled=tensor_pickle(shape=(2**60,)))
    yield "sizes of 2^62", archive(pickled=tensor_pickle(shape=(2**62, 4), strides=(0, 0)))
    yield "repeated to a terabyte", archive(pickled=tensor_pickle(shape=(2**38,), strides=(0,)))
    yield "repeated 2,000 times to 64 MB each", archive(pickled=tensor_pickle(*[((1 << 24,), (0,))] * 2000))
    yield "offset of 2^62", archive(pickled=tensor_pickle(offset=2**62))
    yield "negative offset", archive(pickled=tensor_pickle(offset=-1))
    yield "negative stride", archive(pickled=tensor_pickle(strides=(-1,)))
    yield "strides missing", archive(pickled=tensor_pickle(strides=()))
    yield "offset of a text", archive(pickled=tensor_pickle(offset="0"))
    yield "shape of a text", archive(pickled=tensor_pickle(shape="2"))
    yield "no pickle", archive(pickled=None)
    yield "pickle too deep", archive(root="a/b/c/")
    yield "big-endian", archive(byteorder="big")
    yield "compressed", archive(compression=zipfile.ZIP_DEFLATED)
    yield "bomb", archive(pickled=bytes(200 << 20), compression=zipfile.ZIP_DEFLATED)
    yield "lzma", archive(compression=zipfile.ZIP_LZMA)
    yield "name twice", archive(twice=True)
    yield "encrypted", patched(whole, b"PK\x01\x02", 8, b"\x01\x00")
    yield "member behind the archive", patched(whole, b"PK\x01\x02", 42, b"\xff\xff\xff\x7f")
    yield "size of 4 GB", patched(whole, b"PK\x01\x02", 20, b"\xfe\xff\xff\xff\xfe\xff\xff\xff")
    yield "another name in the header", patched(whole, b"PK\x03\x04", 30, b"X")
    yield "directory of 4 GB", patched(whole, b"PK\x05\x06", 12, b"\xfe\xff\xff\xff")
    yield "directory elsewhere", patched(whole, b"PK\x05\x06", 16, b"\xfe\xff\xff\x7f")
    yield "200,000 members", archive(members=200_000)


def legacies() -> Iterator[tuple[str, bytes]]:
    whole = legacy()
    for length in range(len(_LEGACY_MAGIC), len(whole), 11):
        yield f"truncated to {length}", whole[:length]
    for numel in (-1, 2**40, 2**62, 2**63 - 1):
        yield f"storage of {numel}", legacy(numel=numel)
    for name, payload in payloads():
        yield f"{name} for a tensor", legacy(pickled=model_pickle(payload), keys=[])
    yield "payload in its header", _LEGACY_MAGIC + PROTO + MADE + STOP + pickle.dumps({}, 2)
    yield "unknown storage", legacy(keys=["1"])
    yield "storage twice", legacy(keys=["0", "0"])
    yield "storages of a dict", legacy(keys={})


def others() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "one byte", b"\x80"
    yield "text", b"just some text\n"
    yield "zeros", bytes(100_000)
    yield "a pickle of protocol 0", pickle.dumps({"w": 1}, 0)
    yield "an HTML page", b"<!DOCTYPE html><html>404</html>"
    yield "a pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n"


def nest(depth: int) -> bytes:
    """Opcodes that push a tuple of twice a tuple of twice ...: 2^depth elements to hash, to compare or to print."""
    return b")" + b"".join(memorise(number) + recall(number) + b"\x86" for number in range(1, depth + 1))


_RECONSTRUCT = global_("numpy.core.multiarray", "_reconstruct") + tuple_(atom((0,))) + b"R"


def model_pickle(tensor: bytes) -> bytes:
    """A pickle of {"state_dict": {"good": an array, "w": what `tensor` pushes}}."""
    good = pickle.dumps(np.ones(2), 2)[2:-1]
    entries = atom("good") + good + atom("w") + tensor
    return PROTO + b"}" + atom("state_dict") + b"}(" + entries + b"us."


def array_pickle(sizes: tuple, code: str = "f4", *, shape: bytes = b"") -> bytes:
    """A pickle of {"w": an array of 8 bytes} with any shape and dtype."""
    dtype = global_("numpy", "dtype") + tuple_(atom(code)) + b"R"
    state = tuple_(b"K\x01", shape or atom(sizes), dtype, b"\x89", b"C\x08" + bytes(8))
    return PROTO + b"}" + atom("w") + _RECONSTRUCT + state + b"bs."


def tensor_pickle(
    *views: tuple[tuple, tuple], key: object = "0", offset: object = 0, shape: object = (2,), strides: object = (1,)
) -> bytes:
    """A data.pkl of tensors in storage `key`: `views` of it, or one."""
    storage = tuple_(atom("storage"), global_("torch", "FloatStorage"), atom(key), atom("cpu"), b"K\x02") + b"Q"
    rebuild = global_("torch._utils", "_rebuild_tensor_v2")
    entries = b"".join(
        atom(f"w{number}") + rebuild + tuple_(storage, atom(offset), atom(sizes), atom(steps), b"\x89", b"N") + b"R"
        for number, (sizes, steps) in enumerate(views or [(shape, strides)])
    )
    return b"\x80\x02}(" + entries + b"u."


def archive(
    *,
    pickled: bytes | None = b"",
    storages: dict[str, bytes] | None = None,
    root: str = "archive/",
    byteorder: str = "little",
    compression: int = zipfile.ZIP_STORED,
    damage: str = "",
    twice: bool = False,
    members: int = 0,
) -> bytes:
    """What torch.save writes, wrong in one way."""
    contents = [] if pickled is None else [("data.pkl", pickled or tensor_pickle())] * (1 + twice)
    contents.append(("byteorder", byteorder.encode()))
    contents += [(f"data/{key}", data) for key, data in ({"0": bytes(8)} if storages is None else storages).items()]
    contents += [(f"x{number}", b"") for number in range(members)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, data in contents:
            file.writestr(zipfile.ZipInfo(f"{root}{name}"), data, compression)
    whole = buffer.getvalue()
    if damage:
        place = whole.index(f"{root}{damage}".encode()) + len(f"{root}{damage}")
        whole = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    return whole


def structural_offsets(whole: bytes) -> Iterator[int]:
    """Where a part of a zip archive begins, and the middle of each part."""
    marks = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06")
    begins = sorted(place for place in range(4, len(whole)) if whole[place : place + 4] in marks)
    for begin, end in zip(begins, [*begins[1:], len(whole)], strict=True):
        yield from sorted({begin, begin + 4, begin + 26, (begin + end) // 2} & set(range(begin, end)))


def patched(whole: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """An archive with other bytes behind the last mark."""
    place = whole.rindex(mark) + offset
    return whole[:place] + value + whole[place + len(value) :]


_LEGACY_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)


def legacy(*, pickled: bytes = b"", numel: int = 2, keys: object = ("0",)) -> bytes:
    """What torch.save wrote before version 1.6, wrong in one way."""
    storage = tuple_(atom("storage"), global_("torch", "FloatStorage"), atom("0"), atom("cpu"), b"K\x02", b"N")
    view = (storage + b"Q", b"K\x00", atom((2,)), atom((1,)), b"\x89", b"N")
    tensor = global_("torch._utils", "_rebuild_tensor_v2") + tuple_(*view) + b"R"
    model = pickled or b"\x80\x02}" + atom("w") + tensor + b"s."
    header = _LEGACY_MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    keys = list(keys) if isinstance(keys, tuple) else keys
    return header + model + pickle.dumps(keys, 2) + struct.pack("<q", numel) + bytes(8)
