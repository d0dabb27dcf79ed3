"""Attention and transformers."""

import copy
import math
from collections.abc import Callable

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.functional.attention import additive, attend
from jtmigrate.parity.nn.containers import ModuleList
from jtmigrate.parity.nn.convolution import uniform
from jtmigrate.parity.nn.dropout import Dropout
from jtmigrate.parity.nn.linear import Linear
from jtmigrate.parity.nn.module import Module
from jtmigrate.parity.nn.normalization import LayerNorm

Activation = str | Callable[[jt.Var], jt.Var]
FUNCTIONS = {"relu": F.relu, "gelu": F.gelu}


class MultiheadAttention(Module):
    """(L, N, E), (S, N, K), (S, N, V) -> (L, N, E) and the weights (N, L, S).

    Raises NotImplementedError for add_bias_kv and add_zero_attn.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: object = None,
        dtype: str | None = None,
    ):
        super().__init__()
        if add_bias_kv or add_zero_attn:
            raise NotImplementedError("MultiheadAttention: add_bias_kv and add_zero_attn are not here")
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim {embed_dim} is not divisible by num_heads {num_heads}")
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._one_weight = self.kdim == self.vdim == embed_dim
        if self._one_weight:
            self.in_proj_weight = uniform((3 * embed_dim, embed_dim), math.sqrt(6 / (4 * embed_dim)))
        else:
            self.q_proj_weight = uniform((embed_dim, embed_dim), math.sqrt(6 / (2 * embed_dim)))
            self.k_proj_weight = uniform((embed_dim, self.kdim), math.sqrt(6 / (embed_dim + self.kdim)))
            self.v_proj_weight = uniform((embed_dim, self.vdim), math.sqrt(6 / (embed_dim + self.vdim)))
        self.in_proj_bias = jt.zeros((3 * embed_dim,)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if bias:
            self.out_proj.bias = jt.zeros((embed_dim,))
        if dtype is not None:
            self.to(dtype)

    def execute(
        self,
        query: jt.Var,
        key: jt.Var,
        value: jt.Var,
        key_padding_mask: jt.Var | None = None,
        need_weights: bool = True,
        attn_mask: jt.Var | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[jt.Var, jt.Var | None]:
        """Boolean masks are True where attention is *not* allowed. is_causal is a hint that attn_mask is causal."""
        batched = query.ndim == 3
        if not batched:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = (x.transpose(1, 0, 2) for x in (query, key, value))
        q, k, v = (self._heads(x) for x in self._projected(query, key, value))
        mask = self._mask(q, attn_mask, key_padding_mask)
        heads, weights = attend(q, k, v, mask, self.dropout if self.is_training() else 0.0)
        n, _, length, _ = heads.shape
        heads = heads.permute(0, 2, 1, 3).reshape((n, length, self.embed_dim))
        # As in PyTorch, the layer is not called; only its parameters are used.
        result = F.linear(heads, self.out_proj.weight, self.out_proj.bias)
        # Not mean(): its gradient in float64 is that of a share rounded to float32.
        weights = weights.sum(1) / self.num_heads if average_attn_weights else weights
        if not batched:
            result, weights = result.squeeze(0), weights.squeeze(0)
        elif not self.batch_first:
            result = result.transpose(1, 0, 2)
        return result, weights if need_weights else None

    def _projected(self, query: jt.Var, key: jt.Var, value: jt.Var) -> list[jt.Var]:
        size = self.embed_dim
        if self._one_weight:
            weights = [self.in_proj_weight[i * size : (i + 1) * size] for i in range(3)]
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        bias = self.in_proj_bias
        biases = [None if bias is None else bias[i * size : (i + 1) * size] for i in range(3)]
        return [F.linear(*parts) for parts in zip((query, key, value), weights, biases, strict=True)]

    def _heads(self, x: jt.Var) -> jt.Var:
        """(N, L, E) -> (N, heads, L, E / heads)."""
        n, length, _ = x.shape
        return x.reshape((n, length, self.num_heads, -1)).permute(0, 2, 1, 3)

    def _mask(self, q: jt.Var, attn_mask: jt.Var | None, key_padding_mask: jt.Var | None) -> jt.Var | None:
        """Both masks as one to add to (N, heads, L, S)."""
        masks = []
        if attn_mask is not None:
            shown = additive(attn_mask, q, hidden_where=True)
            masks.append(shown if attn_mask.ndim == 2 else shown.reshape((-1, self.num_heads, *attn_mask.shape[1:])))
        if key_padding_mask is not None:
            masks.append(additive(key_padding_mask, q, hidden_where=True).unsqueeze(1).unsqueeze(1))
        return sum(masks[1:], masks[0]) if masks else None


class _TransformerLayer(Module):
    """What encoder and decoder layers share."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ):
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.activation = FUNCTIONS[activation] if isinstance(activation, str) else activation

    def _forward(self, x: jt.Var) -> jt.Var:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _residual(self, x: jt.Var, norm: LayerNorm, dropout: Dropout, compute: Callable[[jt.Var], jt.Var]) -> jt.Var:
        """x plus what is computed from it, normalised before or after."""
        return x + dropout(compute(norm(x))) if self.norm_first else norm(x + dropout(compute(x)))


class TransformerEncoderLayer(_TransformerLayer):
    """Attention to itself and two linear layers, each with a residual: (L, N, E) -> (L, N, E)."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ):
        super().__init__(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        )
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.dropout1, self.dropout2 = (Dropout(dropout) for _ in range(2))

    def execute(
        self,
        src: jt.Var,
        src_mask: jt.Var | None = None,
        src_key_padding_mask: jt.Var | None = None,
        is_causal: bool = False,
    ) -> jt.Var:
        def attention(x: jt.Var) -> jt.Var:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask)[0]

        x = self._residual(src, self.norm1, self.dropout1, attention)
        return self._residual(x, self.norm2, self.dropout2, self._forward)


class TransformerDecoderLayer(_TransformerLayer):
    """Attention to itself and to an encoder's output, and two linear layers: (L, N, E), (S, N, E) -> (L, N, E)."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ):
        super().__init__(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        )
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout) for _ in range(3))

    def execute(
        self,
        tgt: jt.Var,
        memory: jt.Var,
        tgt_mask: jt.Var | None = None,
        memory_mask: jt.Var | None = None,
        tgt_key_padding_mask: jt.Var | None = None,
        memory_key_padding_mask: jt.Var | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> jt.Var:
        def to_itself(x: jt.Var) -> jt.Var:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask)[0]

        def to_memory(x: jt.Var) -> jt.Var:
            return self.multihead_attn(x, memory, memory, memory_key_padding_mask, False, memory_mask)[0]

        x = self._residual(tgt, self.norm1, self.dropout1, to_itself)
        x = self._residual(x, self.norm2, self.dropout2, to_memory)
        return self._residual(x, self.norm3, self.dropout3, self._forward)


class TransformerEncoder(Module):
    """Copies of an encoder layer, one after the other."""

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ):
        super().__init__()
        self.layers = ModuleList([_copy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def execute(
        self,
        src: jt.Var,
        mask: jt.Var | None = None,
        src_key_padding_mask: jt.Var | None = None,
        is_causal: bool | None = None,
    ) -> jt.Var:
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Copies of a decoder layer, one after the other."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None):
        super().__init__()
        self.layers = ModuleList([_copy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def execute(
        self,
        tgt: jt.Var,
        memory: jt.Var,
        tgt_mask: jt.Var | None = None,
        memory_mask: jt.Var | None = None,
        tgt_key_padding_mask: jt.Var | None = None,
        memory_key_padding_mask: jt.Var | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> jt.Var:
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """Encoder and decoder: (S, N, E), (L, N, E) -> (L, N, E)."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ):
        super().__init__()
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*options), num_encoder_layers, LayerNorm(d_model, layer_norm_eps, bias=bias)
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*options), num_decoder_layers, LayerNorm(d_model, layer_norm_eps, bias=bias)
        )
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    @staticmethod
    def generate_square_subsequent_mask(sz: int) -> jt.Var:
        """The additive mask (sz, sz) that hides what comes later."""
        return additive(jt.ones((sz, sz)).triu(1).bool(), jt.zeros((1,)), hidden_where=True)

    def execute(
        self,
        src: jt.Var,
        tgt: jt.Var,
        src_mask: jt.Var | None = None,
        tgt_mask: jt.Var | None = None,
        memory_mask: jt.Var | None = None,
        src_key_padding_mask: jt.Var | None = None,
        tgt_key_padding_mask: jt.Var | None = None,
        memory_key_padding_mask: jt.Var | None = None,
    ) -> jt.Var:
        memory = self.encoder(src, src_mask, src_key_padding_mask)
        return self.decoder(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)


def _copy(module: Module) -> Module:
    """A copy with Vars of its own."""
    return copy.deepcopy(module)
