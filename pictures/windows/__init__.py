"""Live windows: what reads a model in training, when it may look, and the process that draws."""
