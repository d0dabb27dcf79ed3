"""Rewrites what refers to names of PyTorch: `nn.Linear`, `F.relu`, `torch.float32`."""

from collections.abc import Mapping, Sequence

import libcst as cst

from jtmigrate.port.atlas.entry import Entry, Support
from jtmigrate.port.atlas.entry import Kind as Use
from jtmigrate.port.rewrite import names
from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import UNKNOWN, Kind
from jtmigrate.port.rewrite.marks import Left
from jtmigrate.port.rewrite.names import Home, is_torch
from jtmigrate.port.rewrite.syntax import chain
from jtmigrate.port.rewrite.walk import Walk

_NAMESPACE = "which name is meant is only known in a run; jtmigrate.parity has the counterparts"


class References(Walk):
    """Decides about references on the way in, when the outermost node of `a.b.c` comes first; writes on the way out.

    ported  how many uses were rewritten, or need no rewriting
    needed  homes of counterparts that the code refers to by their usual aliases
    kept    names bound by imports of torch that are still referred to
    used    names bound by imports of torch under which counterparts are referred to
    """

    def __init__(
        self, inferred: Inference, atlas: Mapping[str, Entry], aliases: Mapping[Home, str], *, torch_near: bool
    ):
        super().__init__()
        self._inferred, self._atlas, self._aliases, self._torch_near = inferred, atlas, aliases, torch_near
        self.ported = 0
        self.needed: set[Home] = set()
        self.kept: set[str] = set()
        self.used: set[str] = set()
        self._claimed: set[int] = set()
        """ids of nodes about which it is decided."""
        self._references: dict[int, tuple[str, Entry | None]] = {}
        self._called: set[int] = set()
        self._declarations = 0

    def visit_Call(self, node: cst.Call) -> None:
        self._called.add(id(node.func))

    def visit_Name(self, node: cst.Name) -> None:
        if id(node) not in self._claimed:
            self._claim(node)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if id(node) not in self._claimed:
            self._claim(node)

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._declarations += 1

    def leave_Annotation(self, original: cst.Annotation, updated: cst.Annotation) -> cst.Annotation:
        self._declarations -= 1
        text = updated.annotation
        if isinstance(text, cst.SimpleString) and self._inferred[original.annotation] != UNKNOWN:
            plain = str(text.evaluated_value)
            if plain in ("torch.Tensor", "Tensor") and self._torch_near:
                quoted = f"{text.quote}{self._alias(names.JITTOR)}.Var{text.quote}"
                return updated.with_changes(annotation=text.with_changes(value=quoted))
        return updated

    def leave_Name(self, original: cst.Name, updated: cst.Name) -> cst.BaseExpression:
        return self._reference(original, updated)

    def leave_Attribute(self, original: cst.Attribute, updated: cst.Attribute) -> cst.BaseExpression:
        return self._reference(original, updated)

    def _claim(self, node: cst.BaseExpression) -> None:
        """Decide what to do about a chain of attributes that an import begins, its outermost node given."""
        links = chain(node)
        root = links[-1]
        if not isinstance(root, cst.Name) or id(root) not in self._inferred.imported:
            return
        full = [self._inferred[link] for link in links]
        if not any(type_.kind is Kind.NAME and (is_torch(type_.name) or type_.name in self._atlas) for type_ in full):
            return
        self._claimed.update(map(id, links))
        known = [
            (link, type_.name)
            for link, type_ in zip(links, full, strict=True)
            if type_.kind is Kind.NAME and (type_.name in self._atlas or type_.name in names.TENSOR_CLASSES)
        ]
        link, name = known[0] if known else (links[0], full[0].name or full[-1].name)
        if id(link) not in self._inferred.targets:
            self._references[id(link)] = (name, self._entry(name))

    def _claim_chain(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Let nothing else decide about `a.b.c`; returns `a`."""
        links = chain(node)
        self._claimed.update(map(id, links))
        return links[-1]

    def _entry(self, name: str) -> Entry | None:
        if name in self._atlas:
            return self._atlas[name]
        if name == "torch.Tensor":
            return Entry(name, Use.CONSTANT, jittor="jittor.Var")
        return None

    def _reference(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        if id(original) not in self._references:
            return updated
        name, entry = self._references[id(original)]
        problem = self._problem(name, entry, original)
        if problem:
            self._keep(chain(original)[-1])
            self._leave(original, problem)
            return updated
        self.ported += 1
        return self._write(name, entry, original, updated)

    def _problem(self, name: str, entry: Entry | None, original: cst.BaseExpression) -> Left | None:
        """Why a reference stays; None if it need not."""
        if name in names.TWINS or name == "torch":
            return Left(name, "is used as a value", _NAMESPACE)
        if entry is None:
            return Left(name, "is not in the atlas")
        if entry.support is Support.MISSING:
            return Left(name, "has no counterpart", entry.advice)
        if id(original) not in self._called and not self._declarations and (entry.rename or entry.explicit):
            return Left(name, "is used as a value, and its counterpart takes other arguments", entry.advice)
        return None

    def _keep(self, root: cst.Name) -> None:
        """Something stays that begins with this name. What stands for a whole module is the counterpart's even so."""
        (self.used if self._inferred[root].name in names.TWINS else self.kept).add(root.value)

    def _write(
        self, name: str, entry: Entry, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        """The expression of a counterpart in the place of a reference."""
        root = chain(original)[-1]
        target = names.written(name, entry.jittor)
        if isinstance(original, cst.Name) and name != "torch.Tensor":
            self.used.add(root.value)
            return updated
        if names.TWINS.get(self._inferred[root].name) == target.home:
            self.used.add(root.value)
            return _chained(cst.Name(root.value), target.rest, updated)
        return _chained(cst.parse_expression(self._alias(target.home)), target.rest, updated)

    def _counterpart(self, entry: Entry) -> cst.BaseExpression:
        """The expression of a counterpart where none of torch's names stands."""
        target = names.written(entry.torch, entry.jittor)
        return cst.parse_expression(".".join((self._alias(target.home), *target.rest)))

    def _alias(self, home: Home) -> str:
        self.needed.add(home)
        return self._aliases.get(home, home.alias)


def _chained(start: cst.BaseExpression, rest: Sequence[str], like: cst.BaseExpression) -> cst.BaseExpression:
    for name in rest:
        start = cst.Attribute(start, cst.Name(name))
    return start.with_changes(lpar=like.lpar, rpar=like.rpar)
