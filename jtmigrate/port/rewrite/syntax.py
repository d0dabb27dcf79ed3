"""Small questions to a syntax tree."""

from collections.abc import Iterator

import libcst as cst

_LAYOUT = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine)
_STATEMENTS = (cst.BaseSmallStatement, cst.BaseStatement, cst.BaseSuite)


def chain(node: cst.CSTNode) -> list[cst.CSTNode]:
    """`a.b.c`, `a.b`, `a` of an attribute chain; anything else alone."""
    links = [node]
    while isinstance(links[-1], cst.Attribute):
        links.append(links[-1].value)
    return links


def dotted(node: cst.CSTNode) -> str:
    """ "a.b.c" of an attribute chain, "" for anything else."""
    *attributes, root = chain(node)
    names = [attribute.attr.value for attribute in reversed(attributes)]
    return ".".join([root.value, *names]) if isinstance(root, cst.Name) else ""


def outermost(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The expressions and statements in a node, without those that lie in others of them."""
    for child in node.children:
        if isinstance(child, (cst.BaseExpression, *_STATEMENTS)):
            yield child
        elif not isinstance(child, _LAYOUT):
            yield from outermost(child)


def is_text(node: cst.CSTNode) -> bool:
    """Whether a node is a string that is written out."""
    return isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)


def whole_number(node: cst.CSTNode) -> int | None:
    """The number that is written out: 2, -1; None for anything else."""
    if isinstance(node, cst.Integer):
        return int(node.evaluated_value)
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        inner = whole_number(node.expression)
        return None if inner is None else -inner
    return None
