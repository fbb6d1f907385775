"""Networks as graphs of ONNX, from the config and the weights that a model's folder holds; without TensorFlow."""
