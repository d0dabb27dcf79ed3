"""The only place, `jtmigrate.parity` aside, that imports a deep learning framework: one adapter each."""
