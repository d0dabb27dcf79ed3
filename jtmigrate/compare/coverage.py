"""How much was compared, and why the rest was not."""

from collections.abc import Iterable, Iterator, Sequence

from jtmigrate.compare.result import Coverage, LayerResult, ParameterResult, Quantity, QuantityResult, Verdict

SORT_OF = {
    Quantity.ACTIVATION_GRADIENT: "gradients of activations",
    Quantity.PARAMETER_GRADIENT: "gradients of parameters",
    Quantity.BUFFER: "buffers after the run",
    Quantity.LOSS: "loss terms",
}
"""Quantities that are counted; those of optimizer steps follow from them."""

LAYERS = ("modules", "layer calls")


def account(
    layers: Sequence[LayerResult], parameters: Sequence[ParameterResult], quantities: Sequence[QuantityResult] = ()
) -> tuple[Coverage, ...]:
    """One entry for every sort of thing that the models have.

    A module is compared if all of its calls are; it is told from its calls because one of many is easily overlooked.
    """
    calls = [(layer.key, layer.verdict, layer.reason) for layer in layers]
    modules: dict[str, tuple[Verdict, str]] = {}
    for layer in layers:
        if layer.path not in modules or layer.verdict is Verdict.UNCOMPARED:
            modules[layer.path] = layer.verdict, layer.reason
    sorts = {
        "modules": [(path, *outcome) for path, outcome in modules.items()],
        "layer calls": calls,
        "parameters and buffers": [(each.name, each.verdict, each.reason) for each in parameters],
        **{
            sort: [(each.key, each.verdict, each.reason) for each in quantities if each.quantity is quantity]
            for quantity, sort in SORT_OF.items()
        },
    }
    return tuple(_count(sort, outcomes) for sort, outcomes in sorts.items() if outcomes)


def nothing_compared(coverage: Iterable[Coverage]) -> Iterator[str]:
    """A failure for every sort of which there is something, but nothing was compared; of layers, `compare` says so."""
    for entry in coverage:
        if entry.sort not in LAYERS and entry.total and not entry.compared:
            yield f"none of the {entry.total} {entry.sort} was compared: {entry.missing[0][1]}"


def _count(sort: str, outcomes: Sequence[tuple[str, Verdict, str]]) -> Coverage:
    missing = tuple((name, reason) for name, verdict, reason in outcomes if verdict is Verdict.UNCOMPARED)
    return Coverage(sort, len(outcomes) - len(missing), len(outcomes), missing)
