"""NanoDet-Plus configurations: the YAML layout of the original, checked and typed.

Keys and their meaning are those of https://github.com/RangiLyu/nanodet (config/nanodet-plus-*.yml), so its files load
unchanged. Whatever the two implementations do not build is refused by name, never ignored.
"""

import reprlib
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from nanodet_common.class_names import class_names_for
from nanodet_common.config_section import Section
from nanodet_common.config_training import DeviceConfig, ScheduleConfig
from nanodet_common.errors import InputError

STAGE_CHANNELS = {
    "0.5x": (48, 96, 192),
    "1.0x": (116, 232, 464),
    "1.5x": (176, 352, 704),
    "2.0x": (244, 488, 976),
}
"""Channels of ShuffleNetV2 after its stages 2, 3 and 4 (table 5 of https://arxiv.org/abs/1807.11164)."""

Range = tuple[float, float]
PerChannel = tuple[float, float, float]

# The neck joins a map at stride 32, enlarged twofold, with one at stride 16: they match at multiples of 32 only.
SideLength = Annotated[int, Field(gt=0, multiple_of=32)]


class BackboneConfig(Section):
    """ShuffleNetV2."""

    name: Literal["ShuffleNetV2"]
    model_size: Literal["0.5x", "1.0x", "1.5x", "2.0x"]
    out_stages: tuple[Literal[2, 3, 4], ...] = (2, 3, 4)
    activation: Literal["LeakyReLU"]

    @property
    def stem_channels(self) -> int:
        """Channels after the first convolution."""
        return 24

    @property
    def stage_channels(self) -> tuple[int, int, int]:
        """Channels after the stages 2, 3 and 4."""
        return STAGE_CHANNELS[self.model_size]

    @property
    def out_channels(self) -> tuple[int, ...]:
        """Channels of the features handed to the neck."""
        return tuple(self.stage_channels[stage - 2] for stage in self.out_stages)

    @property
    def out_strides(self) -> tuple[int, ...]:
        """Input pixels a cell of the features handed to the neck: 8, 16, 32 for the stages 2, 3, 4."""
        return tuple(2 ** (stage + 1) for stage in self.out_stages)

    @model_validator(mode="after")
    def _stages_are_neighbours(self) -> "BackboneConfig":
        if not self.out_stages or self.out_stages != tuple(range(self.out_stages[0], self.out_stages[-1] + 1)):
            raise ValueError(f"out_stages is {self.out_stages}; accepted: neighbouring stages in rising order")
        return self


class NeckConfig(Section):
    """GhostPAN."""

    name: Literal["GhostPAN"]
    in_channels: tuple[PositiveInt, ...]
    out_channels: Annotated[int, Field(gt=0, multiple_of=2)]
    kernel_size: Literal[3, 5, 7] = 5
    num_extra_level: NonNegativeInt = 0
    use_depthwise: Literal[True]
    activation: Literal["LeakyReLU"] = "LeakyReLU"


class NormConfig(Section):
    """Normalisation of the head's convolutions."""

    type: Literal["BN"]


class QualityFocalLossConfig(Section):
    """Classification loss (https://arxiv.org/abs/2006.04388)."""

    name: Literal["QualityFocalLoss"]
    use_sigmoid: Literal[True] = True
    beta: PositiveFloat
    loss_weight: NonNegativeFloat


class DistributionFocalLossConfig(Section):
    """Loss of the distance distributions (https://arxiv.org/abs/2006.04388)."""

    name: Literal["DistributionFocalLoss"]
    loss_weight: NonNegativeFloat


class BoxLossConfig(Section):
    """Loss of the decoded boxes (https://arxiv.org/abs/1902.09630)."""

    name: Literal["GIoULoss"]
    loss_weight: NonNegativeFloat


class LossConfig(Section):
    """The three parts of the detection loss."""

    loss_qfl: QualityFocalLossConfig
    loss_dfl: DistributionFocalLossConfig
    loss_bbox: BoxLossConfig


class HeadConfig(Section):
    """NanoDetPlusHead."""

    name: Literal["NanoDetPlusHead"]
    num_classes: PositiveInt
    input_channel: PositiveInt
    feat_channels: PositiveInt = 96
    stacked_convs: PositiveInt = 2
    kernel_size: Literal[3, 5, 7] = 5
    strides: tuple[PositiveInt, ...]
    conv_type: Literal["DWConv"] = "DWConv"
    norm_cfg: NormConfig = NormConfig(type="BN")
    reg_max: PositiveInt = 7
    activation: Literal["LeakyReLU"] = "LeakyReLU"
    loss: LossConfig


class AuxHeadConfig(Section):
    """SimpleConvHead, the auxiliary head that exists only in training. Its GroupNorm has 32 groups.

    conv_type  Conv, 3 x 3, as the original has it; DWConv, depthwise separable, costs a tenth of that
    """

    name: Literal["SimpleConvHead"]
    num_classes: PositiveInt
    input_channel: PositiveInt
    feat_channels: Annotated[int, Field(gt=0, multiple_of=32)] = 256
    stacked_convs: PositiveInt = 4
    strides: tuple[PositiveInt, ...]
    conv_type: Literal["Conv", "DWConv"] = "Conv"
    activation: Literal["LeakyReLU"] = "LeakyReLU"
    reg_max: PositiveInt

    @model_validator(mode="after")
    def _groups_are_even(self) -> "AuxHeadConfig":
        if self.conv_type == "DWConv" and self.input_channel % 32:
            raise ValueError(f"input_channel is {self.input_channel}, but conv_type DWConv requires a multiple of 32")
        return self


class ArchConfig(Section):
    """The detector: everything that decides names and shapes of its parameters."""

    name: Literal["NanoDetPlus"]
    detach_epoch: NonNegativeInt = 0
    backbone: BackboneConfig
    fpn: NeckConfig
    head: HeadConfig
    aux_head: AuxHeadConfig

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "ArchConfig":
        neck, head, aux_head = self.fpn, self.head, self.aux_head
        coarsest = self.backbone.out_strides[-1]
        extra_strides = tuple(coarsest * 2**level for level in range(1, neck.num_extra_level + 1))
        level_strides = self.backbone.out_strides + extra_strides
        for name, value, source, expected in (
            ("fpn.in_channels", neck.in_channels, "backbone.out_stages", self.backbone.out_channels),
            ("head.input_channel", head.input_channel, "fpn.out_channels", neck.out_channels),
            ("head.strides", head.strides, "backbone.out_stages with fpn.num_extra_level", level_strides),
            ("aux_head.input_channel", aux_head.input_channel, "twice fpn.out_channels", 2 * neck.out_channels),
            ("aux_head.strides", aux_head.strides, "head.strides", head.strides),
            ("aux_head.num_classes", aux_head.num_classes, "head.num_classes", head.num_classes),
            ("aux_head.reg_max", aux_head.reg_max, "head.reg_max", head.reg_max),
        ):
            if value != expected:
                raise ValueError(f"{name} is {value}, but {source} requires {expected}")
        return self


class WeightAveragerConfig(Section):
    """Exponential moving average of the weights."""

    name: Literal["ExpMovingAverager"]
    decay: Annotated[float, Field(ge=0, le=1)]


class ModelConfig(Section):
    """The detector and how its weights are averaged in training."""

    weight_averager: WeightAveragerConfig | None = None
    arch: ArchConfig


class PipelineConfig(Section):
    """Augmentation ranges, all neutral by default, and the normalisation ((B, G, R) mean, standard deviation)."""

    perspective: NonNegativeFloat = 0.0
    scale: Range = (1.0, 1.0)
    stretch: tuple[Range, Range] = ((1.0, 1.0), (1.0, 1.0))
    rotation: NonNegativeFloat = 0.0
    shear: NonNegativeFloat = 0.0
    translate: NonNegativeFloat = 0.0
    flip: Annotated[float, Field(ge=0, le=1)] = 0.0
    brightness: NonNegativeFloat | None = None
    contrast: Range | None = None
    saturation: Range | None = None
    normalize: tuple[PerChannel, tuple[PositiveFloat, PositiveFloat, PositiveFloat]]

    @property
    def mean(self) -> PerChannel:
        """Mean of the blue, green and red values, 0..255."""
        return self.normalize[0]

    @property
    def std(self) -> PerChannel:
        """Standard deviation of the blue, green and red values, 0..255."""
        return self.normalize[1]


class DatasetConfig(Section):
    """One data set: where it lies and how its images become network inputs. `input_size` is (width, height).

    CocoDataset  `img_path` is the folder of pictures, `ann_path` the JSON file
    VocDataset   `img_path` is VOCdevkit, `ann_path` the sets: "2007:trainval,2012:trainval"
    """

    name: Literal["CocoDataset", "VocDataset"]
    img_path: str
    ann_path: str
    input_size: tuple[SideLength, SideLength]
    keep_ratio: bool
    pipeline: PipelineConfig


class DataConfig(Section):
    """Training and validation data."""

    train: DatasetConfig
    val: DatasetConfig


class EvaluatorConfig(Section):
    """COCO evaluation; `save_key` is the metric by which the best weights are chosen."""

    name: Literal["CocoDetectionEvaluator"]
    save_key: Literal["mAP", "AP_50", "AP_75", "AP_small", "AP_m", "AP_l"]


class LogConfig(Section):
    """A line every `interval` iterations."""

    interval: PositiveInt = 50


class Config(Section):
    """A whole configuration file."""

    save_dir: str = "./"
    model: ModelConfig
    data: DataConfig
    device: DeviceConfig
    schedule: ScheduleConfig
    grad_clip: NonNegativeFloat = 0.0
    evaluator: EvaluatorConfig
    log: LogConfig = LogConfig()
    class_names: tuple[str, ...]

    @model_validator(mode="after")
    def _every_class_has_a_name(self) -> "Config":
        num_classes = self.model.arch.head.num_classes
        if len(self.class_names) != num_classes:
            raise ValueError(
                f"class_names has {len(self.class_names)} names, but model.arch.head.num_classes is {num_classes}"
            )
        return self

    def with_num_classes(self, num_classes: int) -> "Config":
        """The same configuration for another number of classes, in both heads.

        Where the number changes, the names do too (`class_names_for`).
        """
        if num_classes < 1:
            raise InputError(f"the number of classes is {num_classes}; it must be at least 1")
        arch = self.model.arch
        if num_classes == arch.head.num_classes:
            return self
        heads = {
            "head": arch.head.model_copy(update={"num_classes": num_classes}),
            "aux_head": arch.aux_head.model_copy(update={"num_classes": num_classes}),
        }
        model = self.model.model_copy(update={"arch": arch.model_copy(update=heads)})
        return self.model_copy(update={"model": model, "class_names": class_names_for(num_classes)})

    def with_class_names(self, class_names: Sequence[str]) -> "Config":
        """The same configuration with other names for its classes. Raises InputError for another number of them."""
        expected = self.model.arch.head.num_classes
        if len(class_names) != expected:
            raise InputError(f"{len(class_names)} classes are named, but the model has {expected}")
        return self.model_copy(update={"class_names": tuple(class_names)})

    def to_yaml(self) -> str:
        """The text of a file from which `load_config` reads the same."""
        return yaml.safe_dump(self.model_dump(mode="json", by_alias=True), sort_keys=False)


def known_configs() -> tuple[str, ...]:
    """Names of the configurations that come with this package, sorted."""
    names = (entry.name for entry in (resources.files("nanodet_common") / "configs").iterdir())
    return tuple(sorted(name.removesuffix(".yml") for name in names if name.endswith(".yml")))


def load_config(name_or_path: str | Path, *, num_classes: int | None = None) -> Config:
    """A configuration by its known name or from a YAML file.

    num_classes: replaces the file's number of classes; None keeps it. Raises InputError for an unknown name, an
    unreadable file, and anything in it that is no NanoDet-Plus configuration.
    """
    if str(name_or_path) in known_configs():
        source = resources.files("nanodet_common") / "configs" / f"{name_or_path}.yml"
    else:
        source = Path(name_or_path)
        if not source.is_file():
            raise InputError(
                f"no configuration {str(name_or_path)!r}: not a file, and the known names are "
                + ", ".join(known_configs())
            )
    try:
        text = source.read_bytes()
    except OSError as error:
        raise InputError(f"{name_or_path}: cannot be read: {error.strerror}") from error
    config = parse_config(text, str(name_or_path))
    return config if num_classes is None else config.with_num_classes(num_classes)


def parse_config(text: str | bytes, source: str) -> Config:
    """A configuration from the text of a YAML file; `source` is named in the InputError for what is none."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{source}: not a configuration: expected a mapping with {_listed(_keys(Config))}")
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{source}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    """The most telling problem as "dotted.path is value; what is accepted"."""
    # A foreign component brings foreign keys along: its name explains them all.
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "literal_error")
    problem = problems[0]
    keys, sections = _located(problem["loc"])
    path = ".".join(keys)
    value = reprlib.repr(problem["input"])
    match problem["type"]:
        case "literal_error":
            return f"{path} is {value}; accepted: {problem['ctx']['expected']}"
        case "union_tag_invalid":
            return f"{path}.name is {problem['ctx']['tag']!r}; accepted: {problem['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return f"{path}.name is missing"
        case "extra_forbidden":
            return f"{path} is an unknown key; accepted: {_listed(_keys(sections[0]))}"
        case "missing":
            return f"{path} is missing"
        case "value_error":
            return f"{path}: {problem['ctx']['error']}" if path else str(problem["ctx"]["error"])
        case _:
            return f"{path} is {value}; {problem['msg']}"


def _located(location: Iterable[Any]) -> tuple[list[str], list[type[Section]]]:
    """A path such as ("model", "arch", "name") as the file has it, and the sections in which its last key may stand.

    Where there are alternatives, pydantic puts the name of the one it chose into the path.
    """
    keys: list[str] = []
    around, inside = [Config], [Config]
    for key in location:
        chosen = [section for section in inside if len(inside) > 1 and key in _names(section)]
        if chosen:
            inside = chosen
            continue
        keys.append(str(key))
        fields = {field.alias or name: field for section in inside for name, field in section.model_fields.items()}
        around = inside
        inside = list(_sections(fields[key].annotation)) if key in fields else inside
    return keys, around


def _names(section: type[Section]) -> tuple[str, ...]:
    """What may stand under "name"."""
    return get_args(section.model_fields["name"].annotation)


def _sections(annotation: Any) -> Iterator[type[Section]]:
    """The sections that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)


def _keys(section: type[Section]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
