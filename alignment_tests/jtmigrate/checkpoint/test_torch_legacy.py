"""Our reader of PyTorch's format before 1.6, with torch writing the files."""

from pathlib import Path

import pytest

from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.errors import UserError

torch = pytest.importorskip("torch")


def save(path: Path) -> dict[str, torch.Tensor]:
    base = torch.arange(24.0).reshape(4, 6)
    tensors = {
        "base": base,
        "shared": base[1:, ::2],
        "scalar": base[2, 3],
        "counter": torch.tensor(2**40),
        "half": torch.ones(3).half(),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    torch.save({"state_dict": tensors, "epoch": 1}, path, _use_new_zipfile_serialization=False)
    return tensors


def test_reads_what_torch_wrote(tmp_path: Path) -> None:
    tensors = save(tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert checkpoint.container == "PyTorch legacy"
    assert checkpoint.left_behind == ("epoch",)
    assert list(checkpoint.tensors) == list(tensors)
    for name, tensor in tensors.items():
        expected = tensor.detach().numpy()
        found = checkpoint.tensors[name]
        assert (found.dtype, found.shape, found.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())


@pytest.mark.parametrize("numel", [-1, 2**40, 2**62, 2**63 - 1])
def test_an_absurd_number_of_elements(tmp_path: Path, numel: int) -> None:
    torch.save({"w": torch.ones(3)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[:-20] + numel.to_bytes(8, "little", signed=True) + whole[-12:])
    with pytest.raises(UserError, match="within a storage"):
        read_checkpoint(tmp_path / "a.pth")


def test_truncated_anywhere(tmp_path: Path) -> None:
    save(tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "b.pth").write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_checkpoint(tmp_path / "b.pth")
