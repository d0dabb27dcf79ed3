"""What both NanoDet-Plus implementations share: configuration, schema, images, detections. Imports no framework."""
