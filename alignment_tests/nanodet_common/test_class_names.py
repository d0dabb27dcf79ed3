from nanodet_common.class_names import COCO_CLASSES, VOC_CLASSES, class_names_for


def test_names_follow_the_number_of_classes():
    assert class_names_for(20) == VOC_CLASSES
    assert class_names_for(80) == COCO_CLASSES
    assert class_names_for(2) == ("class 0", "class 1")
