"""The rules that come with the toolkit, on the names that the libraries give: there and back."""

import numpy as np
import pytest

from alignment_tests.jtmigrate.naming.rules.test_rules import applied, assert_same
from jtmigrate.naming.rules import reverse_rules
from jtmigrate.naming.rules.toml import find_rules, ready_names

CASES = {
    "ddp": {"module.conv.weight": "conv.weight"},
    "torch-compile": {"_orig_mod.conv.weight": "conv.weight"},
    "lightning": {"model.conv.weight": "conv.weight", "loss.weight": None},
    "lightning-ema": {"avg_model.conv.weight": "conv.weight", "model.conv.weight": None},
    "ema": {"module.conv.weight": "conv.weight", "n_averaged": None},
    "timm-features": {"stages_0.blocks.1.fc.weight": "stages.0.blocks.1.fc.weight", "stem.weight": "stem.weight"},
    "huggingface-layernorm": {
        "bert.embeddings.LayerNorm.gamma": "bert.embeddings.LayerNorm.weight",
        "bert.embeddings.LayerNorm.beta": "bert.embeddings.LayerNorm.bias",
        "bert.pooler.dense.weight": "bert.pooler.dense.weight",
    },
}


@pytest.mark.parametrize("name", CASES)
def test_names(name: str) -> None:
    tensors = {old: np.full(2, number) for number, old in enumerate(CASES[name])}
    some = find_rules(name)
    found = applied(some, tensors)
    kept = {old: new for old, new in CASES[name].items() if new}
    assert_same(found, {new: tensors[old] for old, new in kept.items()})
    assert_same(applied(reverse_rules(some), found), {old: tensors[old] for old in kept})


def test_every_one_is_tested() -> None:
    assert {*CASES, "huggingface-vit"} == set(ready_names())


def test_vision_transformer() -> None:
    """Names of a ViTForImageClassification with one layer, against those of timm's vit_tiny_patch16_224."""
    layer = "vit.encoder.layer.0"
    shapes = {
        "vit.embeddings.cls_token": (1, 1, 4),
        "vit.embeddings.position_embeddings": (1, 5, 4),
        "vit.embeddings.patch_embeddings.projection": (4, 3, 2, 2),
        f"{layer}.attention.attention.query": (4, 4),
        f"{layer}.attention.attention.key": (4, 4),
        f"{layer}.attention.attention.value": (4, 4),
        f"{layer}.attention.output.dense": (4, 4),
        f"{layer}.intermediate.dense": (16, 4),
        f"{layer}.output.dense": (4, 16),
        f"{layer}.layernorm_before": (4,),
        f"{layer}.layernorm_after": (4,),
        "vit.layernorm": (4,),
        "classifier": (10, 4),
    }
    random = np.random.RandomState(0)
    tensors = {}
    for name, shape in shapes.items():
        alone = name.endswith(("token", "position_embeddings"))
        tensors[name if alone else f"{name}.weight"] = random.standard_normal(shape)
        if not alone:
            tensors[f"{name}.bias"] = random.standard_normal(shape[0])
    some = find_rules("huggingface-vit")
    found = applied(some, tensors)
    modules = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "norm1", "norm2")
    expected = {"cls_token", "pos_embed"} | {
        f"{module}.{kind}"
        for module in ("patch_embed.proj", "norm", "head", *(f"blocks.0.{module}" for module in modules))
        for kind in ("weight", "bias")
    }
    assert set(found) == expected
    qkv = [tensors[f"{layer}.attention.attention.{kind}.weight"] for kind in ("query", "key", "value")]
    assert np.array_equal(found["blocks.0.attn.qkv.weight"], np.concatenate(qkv))
    assert_same(applied(reverse_rules(some), found), tensors)
