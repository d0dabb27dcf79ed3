"""`jtmigrate bench` of the two NanoDet-Plus detectors: what is measured, and the workers' side of it."""
