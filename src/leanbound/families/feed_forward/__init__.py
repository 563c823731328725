"""Feed-forward ReLU networks on boxes of inputs: from a torch or ONNX network and a property to Lean source."""
