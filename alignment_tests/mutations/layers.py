"""Layers that are missing, exchanged or joined wrongly: a container's own code is at fault."""

from collections.abc import Callable
from types import MethodType

import jittor as jt

from alignment_tests.jtmigrate.models import transformer
from alignment_tests.mutations.fault import Draw, Fault, Mutation, computing, in_port, module_at
from jtmigrate.parity import nn
from nanodet_jittor.backbone import ShuffleV2Block, channel_shuffle
from nanodet_jittor.head import NanoDetPlusHead
from nanodet_jittor.layers import ConvBlock
from nanodet_jittor.neck import GhostBottleneck, GhostModule


def rewritten(path: str, what: str, execute: Callable) -> Fault:
    """The container's own code replaced by `execute(self, ...)`."""

    def damage(model: jt.Module) -> None:
        module = module_at(model, path)
        module.execute = MethodType(execute, module)

    return Fault(path, what, in_port(damage))


def no_activation(draw: Draw) -> Fault:
    return computing(draw.module(nn.LeakyReLU), "passes its input on", lambda module, execute: lambda x: x)


def another_activation(draw: Draw) -> Fault:
    return computing(draw.module(nn.LeakyReLU), "SiLU instead", lambda module, execute: jt.nn.silu)


def no_norm(draw: Draw) -> Fault:
    return rewritten(draw.module(ConvBlock), "bn is left out", lambda self, x: self.act(self.conv(x)))


def norm_after_activation(draw: Draw) -> Fault:
    return rewritten(draw.module(ConvBlock), "bn after act", lambda self, x: self.bn(self.act(self.conv(x))))


def norm_twice(draw: Draw) -> Fault:
    return rewritten(
        draw.module(ConvBlock), "bn is called twice", lambda self, x: self.act(self.bn(self.bn(self.conv(x))))
    )


def no_shortcut(draw: Draw) -> Fault:
    path = draw.module(GhostBottleneck)
    return rewritten(path, "shortcut is left out", lambda self, x: self.ghost2(self.ghost1(x)))


def no_residual(draw: Draw) -> Fault:
    def execute(self: jt.Module, tokens: jt.Var) -> jt.Var:
        x = self.drop(self.words(tokens) + self.positions)
        x = self.attention(self.norm1(x))
        x = x + self.shrink(self.gelu(self.expand(self.norm2(x))))
        return self.next_word(x)

    return rewritten("", "attention is not added to its input", execute)


def joined_the_wrong_way_round(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        primary = self.primary_conv(x)
        return jt.concat([self.cheap_operation(primary), primary], dim=1)

    return rewritten(draw.module(GhostModule), "concatenated the wrong way round", execute)


def no_shuffle(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        untouched, x = x.chunk(2, dim=1)
        return jt.concat([untouched, self.branch2(x)], dim=1)

    path = draw.module(ShuffleV2Block, where=lambda module: module.stride == 1)
    return rewritten(path, "channels are not shuffled", execute)


def shuffled_the_other_way(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        untouched, x = x.chunk(2, dim=1)
        out = jt.concat([untouched, self.branch2(x)], dim=1)
        return channel_shuffle(out, out.shape[1] // 2)

    path = draw.module(ShuffleV2Block, where=lambda module: module.stride == 1)
    return rewritten(path, "channels shuffled by the other number of groups", execute)


def halves_exchanged(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        x, untouched = x.chunk(2, dim=1)
        return channel_shuffle(jt.concat([untouched, self.branch2(x)], dim=1), 2)

    path = draw.module(ShuffleV2Block, where=lambda module: module.stride == 1)
    return rewritten(path, "the other half goes through the branch", execute)


def reshaped_instead_of_permuted(draw: Draw) -> Fault:
    def compute(module: jt.Module, execute: Callable) -> Callable:
        def run(features: tuple) -> jt.Var:
            output = execute(features).permute(0, 2, 1)
            return output.reshape(output.shape[0], output.shape[2], output.shape[1])

        return run

    return computing(draw.module(NanoDetPlusHead), "reshaped instead of permuted", compute)


def scores_by_whole_width(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        n, length, width = x.shape
        qkv = self.qkv(x).reshape(n, length, 3, transformer.HEADS, -1).permute(2, 0, 3, 1, 4)
        weights = self.softmax(jt.matmul(qkv[0], qkv[1].transpose(-2, -1)) * width**-0.5)
        return self.proj(jt.matmul(weights, qkv[2]).transpose(1, 2).reshape(n, length, width))

    return rewritten("attention", "scores divided by the root of the whole width, not of a head's", execute)


def heads_after_positions(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        n, length, width = x.shape
        qkv = self.qkv(x).reshape(n, length, 3, transformer.HEADS, -1).permute(2, 0, 3, 1, 4)
        weights = self.softmax(jt.matmul(qkv[0], qkv[1].transpose(-2, -1)) * (width // transformer.HEADS) ** -0.5)
        return self.proj(jt.matmul(weights, qkv[2]).reshape(n, length, width))

    return rewritten("attention", "heads not moved back before they are joined", execute)


def wrong_level_joined(draw: Draw) -> Fault:
    def execute(self: jt.Module, images: jt.Var) -> jt.Var:
        top = self.enter(images)
        middle = self.middle(self.down(top))
        x = self.bottom(self.down(middle))
        x = self.join_middle(jt.concat([middle, self.up(x)], dim=1))
        enlarged = self.enlarge(x)
        return self.mask(self.join_top(jt.concat([enlarged, enlarged], dim=1)))

    return rewritten("", "the skip connection of the top level is left out", execute)


def residual_before_activation(draw: Draw) -> Fault:
    """The line as it stands in PyTorch, where the activation works in place."""
    return rewritten("blocks.1", "adds its input before activation", lambda self, x: self.conv(self.act(x)) + x)


def written_through_an_alias(draw: Draw) -> Fault:
    def execute(self: jt.Module, images: jt.Var) -> jt.Var:
        top = self.enter(images)
        kept = top
        kept[:, :1] = kept[:, :1] * 0.5
        middle = self.middle(self.down(top))
        x = self.bottom(self.down(middle))
        x = self.join_middle(jt.concat([middle, self.up(x)], dim=1))
        return self.mask(self.join_top(jt.concat([top, self.enlarge(x)], dim=1)))

    return rewritten("", "an assignment to a second name changes the first", execute)


MUTATIONS = (
    Mutation("no activation", "layers", "detector", no_activation, "activation|passes|identity|unchanged"),
    Mutation("another activation", "layers", "detector", another_activation, "SiLU|another activation"),
    Mutation("layer left out", "layers", "detector", no_norm, "does not call"),
    Mutation("layers in another order", "layers", "detector", norm_after_activation, "order|before|after"),
    Mutation("layer called twice", "layers", "detector", norm_twice, "once more"),
    Mutation("shortcut left out", "layers", "detector", no_shortcut, "does not call"),
    Mutation("residual left out", "layers", "transformer", no_residual, "residual|adds|added|addition"),
    Mutation(
        "concatenated the wrong way round", "layers", "detector", joined_the_wrong_way_round, "order|concat|permut"
    ),
    Mutation("no channel shuffle", "layers", "detector", no_shuffle, "shuffl|order|permut"),
    Mutation("channel shuffle by other groups", "layers", "detector", shuffled_the_other_way, "shuffl|order|permut"),
    Mutation("halves exchanged", "layers", "detector", halves_exchanged, "half|halves|order|permut|exchang"),
    Mutation("reshape for permute", "layers", "detector", reshaped_instead_of_permuted, "reshap|permut|transpos|order"),
    Mutation("attention scaled by whole width", "layers", "transformer", scores_by_whole_width, "factor|times|scale"),
    Mutation("heads joined in another order", "layers", "transformer", heads_after_positions, "reshap|permut|order"),
    Mutation("skip connection left out", "layers", "unet", wrong_level_joined, "skip|concat|another array"),
    Mutation(
        "activation not in place", "in-place and detach", "resnet", residual_before_activation, "in.place|adds input"
    ),
    Mutation("assignment through an alias", "in-place and detach", "unet", written_through_an_alias, "in.place|alias"),
)
