"""A result as JUnit XML, which CI servers read: one test case a layer, quantity and parameter, and one for the run."""

import os
from xml.etree import ElementTree

from jtmigrate.compare.result import DiffResult, LayerResult, ParameterResult, QuantityResult, Verdict
from jtmigrate.files import write_text
from jtmigrate.report.numbers import layer_name, printable
from jtmigrate.report.summary import explanation, fault_facts, title, verdict_line

Result = LayerResult | QuantityResult | ParameterResult


def to_junit(result: DiffResult) -> str:
    """An XML document. A mismatch is a failure, and so is what is uncompared without a listed reason."""
    suites = ElementTree.Element("testsuites", name=printable(title(result)))
    _add_run(suites, result)
    for name, members in (
        ("layers", [(layer_name(layer.key), layer) for layer in result.layers]),
        ("quantities", [(quantity.key, quantity) for quantity in result.quantities]),
        ("parameters", [(parameter.name, parameter) for parameter in result.parameters]),
    ):
        if members:
            _add_suite(suites, name, members)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def write_junit(result: DiffResult, path: str | os.PathLike[str]) -> None:
    """Write `to_junit(result)`, atomically. Raises UserError if the place cannot be written to."""
    write_text(path, to_junit(result))


def _add_run(suites: ElementTree.Element, result: DiffResult) -> None:
    suite = _suite(suites, "run", tests=1, failures=not result, skipped=0)
    case = _case(suite, "run", "aligned")
    if not result:
        facts = "\n".join([*result.failures, explanation(result), *fault_facts(result)])
        _child(case, "failure", verdict_line(result), facts)


def _add_suite(suites: ElementTree.Element, name: str, members: list[tuple[str, Result]]) -> None:
    suite = _suite(
        suites,
        name,
        tests=len(members),
        failures=sum(_fails(member) for _, member in members),
        skipped=sum(_is_skipped(member) for _, member in members),
    )
    for label, member in members:
        case = _case(suite, name, label)
        if _fails(member):
            _child(case, "failure", f"{member.verdict.value}: {member.reason}")
        elif _is_skipped(member):
            _child(case, "skipped", member.reason)


def _fails(member: Result) -> bool:
    return member.verdict is Verdict.MISMATCH or (member.verdict is Verdict.UNCOMPARED and not member.listed)


def _is_skipped(member: Result) -> bool:
    return member.verdict is Verdict.UNCOMPARED and member.listed


def _suite(suites: ElementTree.Element, name: str, **counts: int) -> ElementTree.Element:
    numbers = {key: str(int(count)) for key, count in counts.items()}
    return ElementTree.SubElement(suites, "testsuite", name=name, errors="0", **numbers)


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=f"jtmigrate.{group}", name=printable(name))


def _child(case: ElementTree.Element, tag: str, message: str, text: str = "") -> None:
    child = ElementTree.SubElement(case, tag, message=printable(message))
    child.text = "\n".join(map(printable, text.splitlines())) or None
