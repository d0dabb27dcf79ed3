"""The detector as an ONNX file: what such a file says of itself, and running it with onnxruntime."""
