"""`jtmigrate port`: PyTorch source code into Jittor source code. Imports neither framework."""
