"""How good detections are (COCO, VOC), how well two runs agree, and how either is shown. Imports no framework."""
