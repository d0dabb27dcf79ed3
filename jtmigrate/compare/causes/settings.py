"""A layer that was constructed differently, and what the other layers' hypotheses about settings have in common."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np

from jtmigrate.compare.causes.words import instead, shown
from jtmigrate.compare.emulation import LAYERS, Settings, family
from jtmigrate.compare.experiment import Experiment
from jtmigrate.compare.fit import fitted, settled
from jtmigrate.compare.settings import differing_settings
from jtmigrate.compare.suspect import Suspect

DROPPING = {
    **dict.fromkeys(("Dropout", "AlphaDropout", "FeatureAlphaDropout"), "p"),
    **dict.fromkeys(("RNN", "LSTM", "GRU", "MultiheadAttention"), "dropout"),
}
"""Layers that drop values at random while they train -> the setting that says how many."""
RANDOM = "random: "
"""How `dropout_on_both_sides` begins."""
CLOSER = 0.1
"""A fitted number this much closer to a float32 number than that is to the reference's setting is that number."""


def dropout_on_both_sides(suspect: Suspect) -> str:
    """Both sides drop values at random, and never the same ones."""
    setting = DROPPING.get(suspect.kind)
    if suspect.quantity is not None or setting is None:
        return ""
    rates = [_dropout(settings, setting) for settings in (suspect.reference_settings, suspect.candidate_settings)]
    if not rates[0] or rates[0] != rates[1]:
        return ""
    layer = f"{suspect.fault.kind}({setting}={shown(rates[0])})"
    return f"{RANDOM}{layer} is active on both sides: set {setting}=0 or call eval()"


def other_setting(suspect: Suspect) -> str:
    """A setting that both sides tell differs, and with the candidate's the reference's layer returns the same."""
    if suspect.quantity is not None:
        return ""
    differences = _differing(suspect)
    trials = [{name: value} for name, value in differences.items()]
    if len(differences) > 1:
        trials.append(differences)
    for changed in trials:
        for experiment in suspect.experiments:
            if experiment.explained_by(_with(experiment, changed)):
                return "; ".join(
                    instead(name, value, suspect.reference_settings[name]) for name, value in changed.items()
                )
    return ""


def unproven_setting(suspect: Suspect) -> str:
    """A setting that both sides tell differs; what it does to the values could not be recomputed."""
    differences = _differing(suspect)
    if not differences:
        return ""
    told = [instead(name, value, suspect.reference_settings[name]) for name, value in differences.items()]
    return f"{'; '.join(told)} (its effect was not recomputed)"


def with_setting(suspect: Suspect, kinds: Collection[str], setting: str, values: Iterable[Any]) -> str:
    """Which of `values` for a setting makes the answer fit; "" where none does or the layer is none of `kinds`."""
    for experiment in experiments_of(suspect, kinds):
        for value in values:
            if value != experiment.settings.get(setting) and experiment.explained_by(
                experiment.compute(settings={setting: value})
            ):
                return _told(setting, value, experiment)
    return ""


def with_fitted_setting(suspect: Suspect, kinds: Collection[str], setting: str, starts: Iterable[float]) -> str:
    """The number for a setting that makes the answer fit; "" where there is none."""
    for experiment in experiments_of(suspect, kinds):

        def result(value: float, experiment: Experiment = experiment) -> np.ndarray:
            array = experiment.compute(settings={setting: value})
            return np.array([np.nan]) if array is None else array

        def is_right(
            value: float, result: Callable[[float], np.ndarray] = result, experiment: Experiment = experiment
        ) -> bool:
            return experiment.explained_by(result(value))

        for start in starts:
            value = fitted(result, experiment.answer.astype(np.float64), start)
            told = settled(value, is_right, experiment.answer.size)
            if told is not None and not _is_float32_of(value, experiment.settings.get(setting)):
                return _told(setting, told, experiment)
    return ""


def experiments_of(suspect: Suspect, kinds: Collection[str]) -> tuple[Experiment, ...]:
    """The experiments with a layer of one of these kinds, for a fault in its outputs."""
    return suspect.experiments if suspect.quantity is None and suspect.kind in kinds else ()


def _dropout(settings: Settings, setting: str) -> float:
    """The share of values that a layer drops, 0 where it drops none."""
    # A recurrent layer drops between its layers; a Jittor module that was never told trains.
    active = settings.get("training", True) and settings.get("num_layers", 2) > 1
    return settings.get(setting, 0) if active else 0


def _differing(suspect: Suspect) -> dict[str, Any]:
    """Names of settings that differ, and the candidate's values."""
    names = differing_settings(suspect.reference_settings, suspect.candidate_settings)
    return {name: suspect.candidate_settings[name] for name in names}


def _with(experiment: Experiment, changed: dict[str, Any]) -> np.ndarray | None:
    kind = family(str(changed.get("kind", experiment.kind)))
    if kind not in LAYERS:
        return None
    return experiment.compute(kind=kind, settings={name: value for name, value in changed.items() if name != "kind"})


def _is_float32_of(value: float, reference: Any) -> bool:
    """Whether a number is the reference's in float32: not another setting, but fewer digits."""
    if not isinstance(reference, float):
        return False
    single = float(np.float32(reference))
    return abs(value - single) < CLOSER * abs(single - reference)


def _told(setting: str, value: Any, experiment: Experiment) -> str:
    if setting in experiment.settings:
        return instead(setting, value, experiment.settings[setting])
    return f"its {setting} is {shown(value)}, not the reference's"
