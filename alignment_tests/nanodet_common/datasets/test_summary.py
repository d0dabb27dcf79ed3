from alignment_tests.nanodet_common.datasets.files import annotation_xml, object_xml, write_voc
from nanodet_common.datasets.summary import summary
from nanodet_common.datasets.voc import read_voc


def test_everything_is_counted_and_the_first_problems_are_shown(tmp_path):
    zebras = annotation_xml(*[object_xml("zebra")] * 2)
    hard = annotation_xml(object_xml(more="<difficult>1</difficult>"))
    flat = annotation_xml(*[object_xml(box=(1, number, 9, number)) for number in range(5)])
    root = write_voc(tmp_path, {"a": zebras, "b": hard, "c": flat})
    text = summary(read_voc(root, ["test"], ("person", "cat")))
    xml = root / "Annotations"
    assert text.splitlines() == [
        "images: 3 (2 without objects)",
        "objects: 1 (1 difficult, 0 crowds)",
        "classes: 2 (none of: person)",
        "problems: 7",
        "  empty box: 5",
        f"    {xml}/c.xml: object 1: box 1, 0, 9, 0 has no area",
        f"    {xml}/c.xml: object 2: box 1, 1, 9, 1 has no area",
        f"    {xml}/c.xml: object 3: box 1, 2, 9, 2 has no area",
        "    ...",
        "  unknown class: 2",
        f"    {xml}/a.xml: 'zebra' is not in the class list (and 1 alike)",
    ]


def test_an_empty_set(tmp_path):
    text = summary(read_voc(write_voc(tmp_path, {}), ["test"], ("cat",)))
    assert text.splitlines() == [
        "images: 0 (0 without objects)",
        "objects: 0 (0 difficult, 0 crowds)",
        "classes: 1 (none of: cat)",
        "problems: 0",
    ]
