"""Attention: masks of every kind, other sizes of keys and values, layers that normalise first and last.

Softmax and normalisations follow one another: some tens of roundings.
"""

from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call, made

NN = "torch.nn."
DEEP = {"float32": 1e-5, "float64": 1e-12}


def _tokens(random: Random, *shape: int) -> np.ndarray:
    return random.standard_normal((*shape, 6))


def _padding(keys: int) -> np.ndarray:
    """True at the last key of the second sequence."""
    mask = np.zeros((2, keys), bool)
    mask[1, -1] = True
    return mask


def _later(length: int) -> np.ndarray:
    return np.triu(np.ones((length, length), bool), 1)


def _crossed(random: Random) -> Call:
    query, key, value = (random.standard_normal(shape) for shape in ((3, 2, 6), (4, 2, 5), (4, 2, 7)))
    return call(6, 3, kdim=5, vdim=7, bias=False, inputs=(query, key, value), named_inputs={"need_weights": True})


def _masked(random: Random) -> Call:
    x = _tokens(random, 2, 4)
    masks = {"key_padding_mask": _padding(4), "attn_mask": _later(4), "need_weights": False}
    return call(6, 2, batch_first=True, inputs=(x, x, x), named_inputs=masks)


def _biased(random: Random) -> Call:
    x = _tokens(random, 4, 2)
    options = {"attn_mask": random.standard_normal((4, 4, 4)), "average_attn_weights": False}
    return call(6, 2, inputs=(x, x, x), named_inputs=options)


def _layer(random: Random, **kwargs: Any) -> Call:
    masks = {"src_mask": _later(4), "src_key_padding_mask": _padding(4)}
    return call(6, 2, 10, dropout=0.0, **kwargs, inputs=(_tokens(random, 2, 4),), named_inputs=masks)


def _decoder_layer(random: Random, **kwargs: Any) -> Call:
    inputs = _tokens(random, 3, 2), _tokens(random, 4, 2)
    return call(6, 2, 10, dropout=0.0, **kwargs, inputs=inputs, named_inputs={"tgt_mask": _later(3)})


def _encoder(random: Random) -> Call:
    layer = made(NN + "TransformerEncoderLayer", 6, 2, 10, 0.0, batch_first=True)
    return call(layer, 2, made(NN + "LayerNorm", 6), inputs=(_tokens(random, 2, 3),))


def _decoder(random: Random) -> Call:
    layer = made(NN + "TransformerDecoderLayer", 6, 2, 10, 0.0)
    return call(layer, 2, inputs=(_tokens(random, 3, 2), _tokens(random, 4, 2)))


def _transformer(random: Random) -> Call:
    options = {"d_model": 6, "nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "dim_feedforward": 10}
    return call(**options, dropout=0.0, batch_first=True, inputs=(_tokens(random, 2, 4), _tokens(random, 2, 3)))


def _products(random: Random, **kwargs: Any) -> Call:
    return call(*(random.standard_normal((2, 3, length, 4)) for length in (4, 4, 4)), **kwargs)


CASES = {
    NN + "MultiheadAttention": (Case(_crossed, **DEEP), Case(_masked, **DEEP), Case(_biased, **DEEP)),
    NN + "TransformerEncoderLayer": (
        Case(lambda random: _layer(random, batch_first=True), **DEEP),
        Case(lambda random: _layer(random, activation="gelu", norm_first=True, batch_first=True), **DEEP),
    ),
    NN + "TransformerDecoderLayer": (
        Case(_decoder_layer, **DEEP),
        Case(lambda random: _decoder_layer(random, norm_first=True), **DEEP),
    ),
    NN + "TransformerEncoder": (Case(_encoder, **DEEP),),
    NN + "TransformerDecoder": (Case(_decoder, **DEEP),),
    NN + "Transformer": (Case(_transformer, **DEEP),),
    "torch.nn.functional.scaled_dot_product_attention": (
        Case(_products),
        Case(lambda random: _products(random, is_causal=True, scale=0.3)),
        Case(lambda random: _products(random, attn_mask=~_later(4))),
        Case(lambda random: _products(random, attn_mask=random.standard_normal((4, 4)))),
    ),
}
