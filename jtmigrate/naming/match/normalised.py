"""The same name but for case, separators, wrappers and what frameworks call the same thing."""

import re
from collections.abc import Iterator

from jtmigrate.naming.match.side import Proposal, Side, by_key, proposals

REASON, CONFIDENCE = "same name but for spelling", 0.9

_WRAPPERS = ("module", "model", "net", "network", "_orig_mod", "avg_model", "ema", "ema_model")
_SYNONYMS = {
    "gamma": "weight",
    "kernel": "weight",
    "w": "weight",
    "beta": "bias",
    "b": "bias",
    "movingmean": "runningmean",
    "movingvar": "runningvar",
    "movingvariance": "runningvar",
    "runningvariance": "runningvar",
}


def propose(source: Side, target: Side) -> Iterator[Proposal]:
    """Every pair of names that are spelt alike."""
    keys = [{name: normalised(name) for name in side.schema} for side in (source, target)]
    return proposals(source, target, by_key(*keys))


def normalised(name: str) -> str:
    """ "module.Layer_Norm.gamma" -> "layernorm.weight"."""
    words = _words(name)
    while len(words) > 1 and words[0] in _WRAPPERS:
        words = words[1:]
    # Underscores may stand where others have dots, so words are only told apart before the last one.
    return "".join(map(_plain, words[:-1])) + "." + last_word(name)


def last_word(name: str) -> str:
    """What a tensor is within its module: "weight", "bias", "runningmean", ..."""
    word = _plain(_words(name)[-1])
    return _SYNONYMS.get(word, word)


def _words(name: str) -> list[str]:
    return re.split(r"[./:]", name.lower().removesuffix(":0"))


def _plain(word: str) -> str:
    return re.sub(r"[^0-9a-z]", "", word)
