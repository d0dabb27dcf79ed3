import json
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

from alignment_tests.jtmigrate.full_disk import files_of_at_most
from jtmigrate.errors import UserError
from jtmigrate.trace.file import read_traces, write_traces
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.sketch import Sketch
from jtmigrate.trace.store import ArrayStore, StoredArrays
from jtmigrate.trace.structure import Slot
from jtmigrate.trace.tiers import Tier, is_suspect

SHARED = np.arange(12, dtype=np.float32).reshape(3, 4)


def layer(path, **changes):
    record = LayerRecord(
        path=path,
        call=1,
        kind="Conv2d",
        is_leaf=True,
        inputs={"0": SHARED},
        outputs={"": SHARED.T, "best": np.array([2**40, 3])},
        parent="",
        arguments=((Slot("0"), {"size": (2, 2)}), {"mode": "nearest"}),
        result=[Slot(""), None, Slot("best")],
        gradients={"": np.zeros((0, 2))},
        handed={"a/0": np.array(True)},
        pullback={"parameter weight": SHARED.astype(">f8")},
        buffers={"running_mean": SHARED.astype(np.float16)},
        failure="raised ValueError",
    )
    return replace(record, **changes)


TRACE = Trace(
    framework="torch",
    dtype="float32",
    layers=(layer("neck.conv"), layer("head"), layer("", call=0, parent=None)),
    state={"neck.conv.weight": SHARED},
    buffers={"neck.bn.running_mean": np.array([np.nan, np.inf], np.float32)},
    gradients={"neck.conv.weight": SHARED + 1},
    settings={"neck.conv": {"kind": "Conv2d", "stride": (2, 2), "eps": 1e-5}},
    uncalled=("spare",),
    meta={"versions": {"torch": "2"}, "seconds": 1.5},
)


def same(a, b):
    """Whether two values are equal, arrays in them bit for bit."""
    if isinstance(a, np.ndarray):
        little = a.astype(a.dtype.newbyteorder("<"))
        return isinstance(b, np.ndarray) and (a.shape, little.tobytes()) == (b.shape, b.tobytes())
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, LayerRecord | Trace):
        return all(same(getattr(a, each.name), getattr(b, each.name)) for each in fields(a))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.trace"


def test_everything_comes_back(path):
    written = write_traces(path, {"float32": TRACE, "float64": replace(TRACE, dtype="float64")}, meta={"title": "a"})
    read = read_traces(path)
    assert same(TRACE, read.runs["float32"])
    assert (read.framework, read.tier, read.meta) == ("torch", Tier.EVERYTHING, {"title": "a"})
    assert written.nbytes == path.stat().st_size
    assert read.identities["float32"] != read.identities["float64"]


def test_arrays_in_several_slots_are_stored_once_and_equal_runs_make_equal_files(path, tmp_path):
    write_traces(path, {"float32": TRACE})
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        stored = {member.filename for member in archive.infolist() if member.compress_type == zipfile.ZIP_STORED}
    assert set(names) - stored == {"index.json"}
    assert len(names) == len(set(names))
    assert len([name for name in names if name.startswith("arrays/")]) == 9
    write_traces(tmp_path / "again.trace", {"float32": TRACE})
    assert path.read_bytes() == (tmp_path / "again.trace").read_bytes()


def test_arrays_that_wait_in_a_file_are_written_too(path):
    store = ArrayStore()
    large = np.random.default_rng(0).normal(size=(100, 100))
    stored = StoredArrays(store, {"0": store.put(large), "1": store.put(large + 1)})
    write_traces(path, {"float32": replace(TRACE, layers=(layer("a", inputs=stored), layer("b", inputs=stored)))})
    read = read_traces(path).runs["float32"].layers[1].inputs
    np.testing.assert_array_equal(read["1"], large + 1)


@pytest.mark.parametrize("tier", [Tier.STATISTICS, Tier.HASHES])
def test_lower_tiers_keep_sketches(path, tier):
    write_traces(path, {"float32": TRACE}, tier=tier)
    read = read_traces(path).runs["float32"]
    kept = read.layers[0].inputs["0"]
    assert isinstance(kept, Sketch)
    assert kept.measured is (tier is Tier.STATISTICS)
    assert (kept.shape, kept.dtype) == (SHARED.shape, SHARED.dtype)
    if kept.measured:
        assert (kept.maximum, kept.l2) == (11, pytest.approx(22.494443758403985, rel=1e-12))
        assert read.buffers["neck.bn.running_mean"].nans == 1
    assert read.layers[0].arguments == TRACE.layers[0].arguments


def test_sketches_can_be_written_again(path, tmp_path):
    write_traces(path, {"float32": TRACE}, tier=Tier.STATISTICS)
    read = read_traces(path)
    write_traces(tmp_path / "copy.trace", read.runs)
    copy = read_traces(tmp_path / "copy.trace")
    assert copy.identities == read.identities
    a, b = (each.runs["float32"].layers[0].inputs["0"] for each in (read, copy))
    np.testing.assert_array_equal(a.sums, b.sums)
    assert a.sha256 == b.sha256


def test_suspects_keep_their_tensors(path):
    unlike = {"": SHARED + 7}
    trace = replace(TRACE, layers=(layer("neck.conv", outputs=unlike), layer("head", outputs={"": SHARED + 9})))
    write_traces(path, {"float32": trace}, tier=Tier.SUSPECTS, suspects=["neck"])
    neck, head = read_traces(path).runs["float32"].layers
    assert isinstance(neck.outputs[""], np.ndarray)
    assert isinstance(head.outputs[""], Sketch)
    assert is_suspect("neck.conv", ["n*"])
    assert not is_suspect("necklace", ["neck"])


def test_sizes_are_told_before_anything_is_written_and_never_exceeded(path):
    told = []
    for tier in Tier:
        written = write_traces(path, {"float32": TRACE}, tier=tier, suspects=["neck"], announce=told.append)
        assert written.nbytes <= written.estimates[tier]
    assert len(told) == 4
    path.unlink()

    def announce(estimates):
        assert not path.exists()

    write_traces(path, {"float32": TRACE}, announce=announce)


@pytest.mark.parametrize("nbytes", [10, 500, 1000])
def test_a_full_disk_leaves_nothing(tmp_path, nbytes):
    path = tmp_path / "new" / "run.trace"
    with files_of_at_most(nbytes), pytest.raises(UserError, match=f"cannot write {path}: File too large; give another"):
        write_traces(path, {"float32": TRACE})
    assert list(tmp_path.iterdir()) == []


def test_a_budget_is_honoured(path):
    large = replace(TRACE, state={"weight": np.zeros(100_000)})
    with pytest.raises(UserError, match=r"everything is not within the budget of 100.0 kB: hashes [\d.]+ kB, stat"):
        write_traces(path, {"float32": large}, budget=100_000)
    assert not path.exists()
    assert write_traces(path, {"float32": large}, tier=None, budget=100_000).tier is Tier.STATISTICS
    assert write_traces(path, {"float32": large}, tier=None).tier is Tier.EVERYTHING
    with pytest.raises(UserError, match="no tier is within"):
        write_traces(path, {"float32": large}, tier=None, budget=10)


def rewritten(path, change):
    """The same archive with another index."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    index = json.loads(members["index.json"])
    change(index)
    members["index.json"] = json.dumps(index).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda index: index.update(schema=2), "schema 2 is newer"),
        (lambda index: index.update(format="something else"), "no trace file, or a damaged one"),
        (lambda index: index["runs"].clear(), "damaged"),
        (lambda index: index["arrays"].pop(), "damaged"),
        (lambda index: index["arrays"][0].update(shape=[10**12]), "damaged"),
        (lambda index: index["arrays"][0].update(dtype="O"), "damaged"),
        (lambda index: index["arrays"][0].update(member="../../etc/passwd"), "damaged"),
        (lambda index: index["runs"]["float32"]["layers"][0].update(arguments={"code": 1}), "damaged"),
    ],
)
def test_damaged_and_newer_files_are_refused_in_one_line(path, change, complaint):
    write_traces(path, {"float32": TRACE})
    rewritten(path, change)
    with pytest.raises(UserError, match=complaint) as refusal:
        read_traces(path)
    assert "\n" not in str(refusal.value)


def test_a_changed_byte_and_a_cut_file_are_refused(path):
    write_traces(path, {"float32": TRACE})
    content = path.read_bytes()
    place = content.index(SHARED.tobytes())
    path.write_bytes(content[:place] + b"\x01" + content[place + 1 :])
    with pytest.raises(UserError, match="damaged"):
        read_traces(path)
    for length in (0, 10, len(content) // 2, len(content) - 5):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match="damaged"):
            read_traces(path)
    with pytest.raises(UserError, match="no such file"):
        read_traces(path.with_name("nothing.trace"))
