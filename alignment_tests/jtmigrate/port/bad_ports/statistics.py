"""Numbers that come out a little different."""

import jittor as jt


def normalise(x: jt.Var, mask: jt.Var):
    mean = x.mean(1, keepdims=True)
    var = x.var(1)  # expect: JT006
    deviation = x.std()  # expect: JT007
    length = x.norm()  # expect: JT008
    unit = x / x.norm(dim=1, keepdim=True)
    share = (x > 0).mean()  # expect: JT010
    scaled = (x > mean) * 0.5  # expect: JT009
    pixels = mask.uint8() + 1  # expect: JT009
    total = x.logsumexp(1)  # expect: JT016
    grown = jt.cumprod(x, 0)  # expect: JT017
    middle = x.median(0)  # expect: JT018
    order = jt.argsort(x, dim=1, stable=True)[0]  # expect: JT014
    same = not jt.equal(x, unit)  # expect: JT013
    return mean, var, deviation, length, share, scaled, pixels, total, grown, middle, order, same
