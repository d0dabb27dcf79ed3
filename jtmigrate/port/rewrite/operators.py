"""What operators and subscripts give, by what they are applied to."""

from collections.abc import Collection, Sequence

import libcst as cst

from jtmigrate.port.rewrite.kinds import OTHER, TENSOR, UNKNOWN, Kind, Type, element, join, list_of
from jtmigrate.port.rewrite.syntax import is_text, whole_number


def of_binary(operator: cst.BaseBinaryOp, left: Type, right: Type) -> Type:
    """What `left operator right` is."""
    if TENSOR in (left, right):
        return TENSOR
    if isinstance(operator, cst.Add) and Kind.LIST in (left.kind, right.kind):
        return join(left, right)
    if isinstance(operator, cst.Multiply) and Kind.LIST in (left.kind, right.kind):
        return left if left.kind is Kind.LIST else right
    return OTHER if left is OTHER and right is OTHER else UNKNOWN


def of_comparison(operators: Sequence[cst.BaseCompOp], operands: Collection[Type]) -> Type:
    """What a comparison is, chained or not."""
    if any(isinstance(operator, cst.Is | cst.IsNot | cst.In | cst.NotIn) for operator in operators):
        return OTHER
    return TENSOR if TENSOR in operands else OTHER if set(operands) == {OTHER} else UNKNOWN


def of_subscript(owner: Type, slices: Sequence[cst.BaseSlice]) -> Type:
    """What `owner[slices]` is."""
    indices = [slice_.value for slice_ in slices if isinstance(slice_, cst.Index)]
    is_cut = len(slices) == 1 and not indices
    if owner.kind is Kind.TENSOR:
        return UNKNOWN if any(map(is_text, indices)) else TENSOR
    if owner.kind in (Kind.LIST, Kind.INSTANCE):
        return owner if is_cut else element(owner)
    if owner.kind is Kind.TUPLE:
        if is_cut:
            return list_of(element(owner))
        place = whole_number(slices[0].value) if isinstance(slices[0], cst.Index) else None
        inside = place is not None and -len(owner.items) <= place < len(owner.items)
        return owner.items[place] if inside else element(owner)
    if owner.kind is Kind.DICT:
        return owner.items[0]
    return OTHER if owner is OTHER else UNKNOWN
