"""What can be computed in PyTorch as well, held to it in float64, where it is installed."""
