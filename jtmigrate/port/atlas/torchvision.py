"""torchvision, names only: none has a counterpart with the same meaning."""

from jtmigrate.port.atlas.both import absent
from jtmigrate.port.atlas.entry import Entry, Kind

_BOXES = "a few lines of arithmetic on (N, 4) boxes: port torchvision's own source"
_MODULE = "port torchvision's own source: it is plain PyTorch"


def _op(name: str, advice: str, kind: Kind = Kind.FUNCTION) -> Entry:
    return absent(f"torchvision.ops.{name}", kind, advice)


ENTRIES: tuple[Entry, ...] = (
    _op("nms", "jt.nms takes rows [x1, y1, x2, y2, score] and adds 1 to widths and heights: write the loop with numpy"),
    _op("batched_nms", "move the boxes of each class apart by the largest coordinate, then nms"),
    _op("roi_align", "jt.nn.grid_sample at the sampling points of each box, then mean"),
    _op("roi_pool", "jt.nn.grid_sample with mode='nearest', then max"),
    _op("ps_roi_align", "jt.nn.grid_sample at the sampling points of each box, then mean"),
    _op("deform_conv2d", "jt.nn.grid_sample at the moved points, then a matrix product"),
    _op("DeformConv2d", "jt.nn.grid_sample at the moved points, then a matrix product", Kind.MODULE),
    _op("box_area", _BOXES),
    _op("box_iou", _BOXES),
    _op("generalized_box_iou", _BOXES),
    _op("distance_box_iou", _BOXES),
    _op("complete_box_iou", _BOXES),
    _op("box_convert", _BOXES),
    _op("clip_boxes_to_image", _BOXES),
    _op("remove_small_boxes", _BOXES),
    _op("sigmoid_focal_loss", _MODULE),
    _op("stochastic_depth", _MODULE),
    _op("StochasticDepth", _MODULE, Kind.MODULE),
    _op("FeaturePyramidNetwork", _MODULE, Kind.MODULE),
    _op("FrozenBatchNorm2d", _MODULE, Kind.MODULE),
    _op("Conv2dNormActivation", _MODULE, Kind.MODULE),
    _op("SqueezeExcitation", _MODULE, Kind.MODULE),
    _op("MLP", _MODULE, Kind.MODULE),
    _op("Permute", _MODULE, Kind.MODULE),
    absent("torchvision.transforms", Kind.DATA, "jt.transform has most of them, on PIL images and numpy arrays"),
    absent("torchvision.models", Kind.DATA, "jt.models has most of them; convert the weights with `jtmigrate convert`"),
    absent("torchvision.datasets", Kind.DATA, "jt.dataset has MNIST, CIFAR, VOC and ImageFolder"),
    absent("torchvision.utils.make_grid", Kind.FUNCTION, "jt.make_grid"),
    absent("torchvision.utils.save_image", Kind.FUNCTION, "jt.save_image"),
)
