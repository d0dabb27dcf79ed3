"""An ONNX graph into Jittor code that reads like code, and a file of weights."""
