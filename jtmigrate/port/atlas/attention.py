"""Attention and transformers."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.MultiheadAttention",
        Kind.MODULE,
        (
            "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, "
            "kdim=None, vdim=None, batch_first=False, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.MultiheadAttention",
        ignored=("device",),
        only={"add_bias_kv": (False,), "add_zero_attn": (False,), "dtype": (None,)},
        differs="it is jittor.attention.MultiheadAttention, with other arguments",
        advice="append the extra key and value to the input",
    ),
    Entry(
        "torch.nn.TransformerEncoderLayer",
        Kind.MODULE,
        (
            "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=None, layer_norm_eps=1e-05, "
            "batch_first=False, norm_first=False, bias=True, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.TransformerEncoderLayer",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.TransformerDecoderLayer",
        Kind.MODULE,
        (
            "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=None, layer_norm_eps=1e-05, "
            "batch_first=False, norm_first=False, bias=True, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.TransformerDecoderLayer",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.TransformerEncoder",
        Kind.MODULE,
        "encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True",
        "jtmigrate.parity.nn.TransformerEncoder",
    ),
    Entry(
        "torch.nn.TransformerDecoder",
        Kind.MODULE,
        "decoder_layer, num_layers, norm=None",
        "jtmigrate.parity.nn.TransformerDecoder",
    ),
    Entry(
        "torch.nn.Transformer",
        Kind.MODULE,
        (
            "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, "
            "dropout=0.1, activation=None, custom_encoder=None, custom_decoder=None, "
            "layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True, device=None, "
            "dtype=None"
        ),
        "jtmigrate.parity.nn.Transformer",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.functional.scaled_dot_product_attention",
        Kind.FUNCTION,
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
        "jtmigrate.parity.functional.scaled_dot_product_attention",
        only={"enable_gqa": (False,)},
        advice="repeat key and value with repeat_interleave",
    ),
    Entry(
        "torch.nn.functional.multi_head_attention_forward",
        Kind.FUNCTION,
        (
            "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, "
            "bias_v, add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training=True, "
            "key_padding_mask=None, need_weights=True, attn_mask=None, use_separate_proj_weight=False, "
            "q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, "
            "average_attn_weights=True, is_causal=False"
        ),
        advice="use jtmigrate.parity.nn.MultiheadAttention",
        untested="there is no counterpart",
    ),
)
