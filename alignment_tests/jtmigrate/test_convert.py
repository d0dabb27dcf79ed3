"""`convert` and `jtmigrate convert`: every tensor accounted for, or one line and nothing written."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import assert_same
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.convert import Fate, convert
from jtmigrate.errors import UserError
from jtmigrate.naming.schema import Schema, TensorSpec

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = "weights/nanodet-plus-m_416_voc20.pth"


def tensors(prefix: str = "", value: float = 1.0) -> dict[str, np.ndarray]:
    return {
        f"{prefix}conv.weight": np.full((4, 3, 1, 1), value, np.float32),
        f"{prefix}norm.running_mean": np.full(4, value, np.float32),
        f"{prefix}norm.num_batches_tracked": np.array(2**40),
    }


def schema_of(arrays: dict[str, np.ndarray]) -> Schema:
    return {name: TensorSpec(array.shape, array.dtype.name) for name, array in arrays.items()}


def saved(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    write_checkpoint(path, Checkpoint(arrays))
    return path


def test_there_and_back_is_bit_exact(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    assert convert(src, tmp_path / "b.pkl", schema=schema_of(tensors()))
    assert convert(tmp_path / "b.pkl", tmp_path / "c.pth", schema=schema_of(tensors()))
    assert_same(read_checkpoint(tmp_path / "c.pth").tensors, tensors())


def test_the_report_names_files_formats_and_fates(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors("module."))
    report = convert(src, tmp_path / "b.pkl", schema=schema_of(tensors()))
    assert (report.src, report.dst) == (str(src), str(tmp_path / "b.pkl"))
    assert (report.source_container, report.container) == ("PyTorch zip", "Jittor pickle")
    assert report.checked
    assert report.notes == ()
    assert report.counts == {Fate.COPIED: 3, Fate.CAST: 0, Fate.REARRANGED: 0, Fate.INITIALISED: 0, Fate.LEFT_OUT: 0}
    first = report.tensors[0]
    assert (first.name, first.source) == ("conv.weight", "module.conv.weight")
    assert first.reason == "prefix module. removed"
    assert (first.shape, first.dtype, first.nbytes) == ((4, 3, 1, 1), "float32", 48)


def test_the_report_holds_hashes_and_versions(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    report = convert(src, tmp_path / "b.pkl")
    assert report.proved
    assert report.hashes.source == {str(src): hashlib.sha256(src.read_bytes()).hexdigest()}
    assert report.hashes.destination == hashlib.sha256((tmp_path / "b.pkl").read_bytes()).hexdigest()
    pairs = [[name, name] for name in tensors()]
    text = json.dumps(pairs, separators=(",", ":")).encode()
    assert report.hashes.map == hashlib.sha256(text).hexdigest()
    assert set(report.versions) == {"jtmigrate", "numpy", "python"}


def test_without_proof_nothing_is_hashed(tmp_path: Path) -> None:
    report = convert(saved(tmp_path / "a.pth", tensors()), tmp_path / "b.pkl", prove=False)
    assert report
    assert not report.proved
    assert report.hashes is None
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, tensors())


def test_views_that_share_elements_are_noted(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    flat = torch.arange(6.0)
    torch.save({"a": flat[:4], "b": flat[2:], "c": torch.ones(1), "d": flat[:4]}, tmp_path / "a.pth")
    report = convert(tmp_path / "a.pth", tmp_path / "b.pth")
    assert "Views that share elements became copies, each of its own: a, b." in report.notes
    found = torch.load(tmp_path / "b.pth", weights_only=True)["state_dict"]
    assert found["a"].data_ptr() == found["d"].data_ptr()
    assert found["b"].tolist() == [2, 3, 4, 5]


def test_without_a_target_the_report_says_that_nothing_was_checked(tmp_path: Path) -> None:
    report = convert(saved(tmp_path / "a.pth", tensors()), tmp_path / "b.pkl")
    assert not report.checked
    assert "not checked" in report.notes[0]


def test_the_order_is_the_targets(tmp_path: Path) -> None:
    backwards = dict(reversed(tensors().items()))
    convert(saved(tmp_path / "a.pth", backwards), tmp_path / "b.pkl", schema=schema_of(tensors()))
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, tensors())


@pytest.mark.parametrize(("ema", "value"), [(False, 1.0), (True, 2.0)])
def test_a_lightning_file_with_an_averaged_copy(tmp_path: Path, ema: bool, value: float) -> None:
    src = saved(tmp_path / "a.ckpt", tensors("model.", 1.0) | tensors("avg_model.", 2.0))
    report = convert(src, tmp_path / "b.pkl", schema=schema_of(tensors()), ema=ema)
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, tensors(value=value))
    assert report.counts[Fate.LEFT_OUT] == 3


def test_averaged_weights_that_are_not_there(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    with pytest.raises(UserError, match="no averaged weights") as caught:
        convert(src, tmp_path / "b.pkl", ema=True)
    assert str(src) in str(caught.value)


def test_half_precision_is_widened_and_marked(tmp_path: Path) -> None:
    half = {**tensors(), "conv.weight": np.full((4, 3, 1, 1), 1, np.float16)}
    report = convert(saved(tmp_path / "a.pth", half), tmp_path / "b.pkl", schema=schema_of(tensors()))
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, tensors())
    assert [(t.name, t.reason) for t in report.tensors if t.fate is Fate.CAST] == [
        ("conv.weight", "same name, float16 to float32")
    ]


def test_a_cast_that_would_change_a_value_is_refused(tmp_path: Path) -> None:
    double = {**tensors(), "norm.running_mean": np.full(4, 0.1)}
    with pytest.raises(UserError, match=r"norm\.running_mean: float64 in the file, float32 in the target"):
        convert(saved(tmp_path / "a.pth", double), tmp_path / "b.pkl", schema=schema_of(tensors()))


def test_names_to_ignore_are_left_out_unless_the_target_has_them(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors() | tensors("aux_head."))
    report = convert(src, tmp_path / "b.pkl", schema=schema_of(tensors()), ignore=["aux_*"])
    assert report.counts[Fate.LEFT_OUT] == 3
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, tensors())
    whole = schema_of(tensors() | tensors("aux_head."))
    assert convert(src, tmp_path / "b.pkl", schema=whole, ignore=["aux_*"]).counts[Fate.COPIED] == 6


def test_what_the_file_lacks_is_filled_and_marked(tmp_path: Path) -> None:
    whole = tensors() | tensors("aux_head.")
    fill = tensors(value=9.0) | tensors("aux_head.") | {"not.in.the.target": np.ones(1)}
    report = convert(saved(tmp_path / "a.pth", tensors()), tmp_path / "b.pkl", schema=schema_of(whole), fill=fill)
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, whole)
    assert report.counts == {Fate.COPIED: 3, Fate.CAST: 0, Fate.REARRANGED: 0, Fate.INITIALISED: 3, Fate.LEFT_OUT: 0}


def test_another_architecture_is_told_in_one_line(tmp_path: Path) -> None:
    other = {**tensors(), "conv.weight": np.zeros((8, 3, 1, 1), np.float32), "extra": np.zeros(1)}
    del other["norm.running_mean"]
    src = saved(tmp_path / "a.pth", other)
    with pytest.raises(UserError) as caught:
        convert(src, tmp_path / "b.pkl", schema=schema_of(tensors()))
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        str(src),
        "conv.weight: (8, 3, 1, 1) in the file, (4, 3, 1, 1) in",
        "1 missing",
        "1 unexpected (extra)",
    ):
        assert part in message
    assert list(tmp_path.iterdir()) == [src]


def test_a_dry_run_checks_and_writes_nothing(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    report = convert(src, tmp_path / "b.pkl", schema=schema_of(tensors()), dry_run=True)
    assert not report
    assert report.counts[Fate.COPIED] == 3
    assert list(tmp_path.iterdir()) == [src]
    with pytest.raises(UserError, match="missing"):
        convert(src, tmp_path / "b.pkl", schema=schema_of(tensors("other.")), dry_run=True)


def test_a_dry_run_refuses_what_a_real_one_would(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", {"w": np.ones(2, np.complex64)})
    with pytest.raises(UserError, match="'w' is complex64"):
        convert(src, tmp_path / "b.pkl", dry_run=True)
    content = bytearray(src.read_bytes())
    content[content.index(np.ones(2, np.complex64).tobytes())] ^= 1
    src.write_bytes(content)
    with pytest.raises(UserError, match=r"a.pth: tensor 'w': the checksum"):
        convert(src, tmp_path / "b.npz", dry_run=True)


def test_an_existing_destination_is_replaced_but_never_the_source(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    (tmp_path / "b.pkl").write_bytes(b"old")
    convert(src, tmp_path / "b.pkl")
    assert_same(read_checkpoint(tmp_path / "b.pkl").tensors, tensors())
    with pytest.raises(UserError, match="is the source too"):
        convert(src, tmp_path / "." / "a.pth")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, which fails if a framework was imported."""
    script = (
        "import sys\n"
        "from jtmigrate.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    assert not {'torch', 'jittor'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", script, "convert", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_command_with_schema_and_report(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors("module."))
    entries = {name: spec._asdict() for name, spec in schema_of(tensors()).items()}
    (tmp_path / "schema.json").write_text(json.dumps(entries))
    done = run(src, tmp_path / "b.pkl", "--schema", tmp_path / "schema.json", "--report", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    assert "3 tensors" in done.stdout
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["counts"] == {"copied": 3, "cast": 0, "rearranged": 0, "initialised": 0, "left out": 0}
    assert report["tensors"][2]["shape"] == []
    assert report["tensors"][2]["fate"] == "copied"


def test_command_without_a_target_says_so(tmp_path: Path) -> None:
    done = run(saved(tmp_path / "a.pth", tensors()), tmp_path / "b.pkl")
    assert done.returncode == 0, done.stderr
    assert "not checked against a model" in done.stdout


def test_command_dry_run(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    done = run(src, tmp_path / "b.pkl", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "would write" in done.stdout
    assert list(tmp_path.iterdir()) == [src]


def test_command_real_weights_in_time(tmp_path: Path, shared: Path) -> None:
    started = time.perf_counter()
    done = run(shared / WEIGHTS, tmp_path / "a.pkl")
    seconds = time.perf_counter() - started
    assert done.returncode == 0, done.stderr
    assert seconds < 2
    assert run(tmp_path / "a.pkl", tmp_path / "b.pth").returncode == 0
    assert_same(read_checkpoint(tmp_path / "b.pth").tensors, read_checkpoint(shared / WEIGHTS).tensors)


def test_bfloat16_is_marked_as_cast_and_noted(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.ones(2, dtype=torch.bfloat16), "b": torch.ones(2)}, tmp_path / "a.pth")
    report = convert(tmp_path / "a.pth", tmp_path / "b.pkl", schema=dict.fromkeys("wb", TensorSpec((2,), "float32")))
    assert [(tensor.fate, tensor.reason) for tensor in report.tensors] == [
        (Fate.CAST, "same name, bfloat16 to float32"),
        (Fate.COPIED, "same name"),
    ]
    assert report.notes == ("1 of the file's tensors is bfloat16, read as float32, which holds the same values.",)


def test_around_all_formats_bit_for_bit(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pth", tensors())
    for number, suffix in enumerate((".safetensors", ".npz", ".pkl", ".pt")):
        convert(path, path := tmp_path / f"{number}{suffix}", schema=schema_of(tensors()))
    assert_same(read_checkpoint(path).tensors, tensors())
