"""What trains any model, shared by `chargpt.py` and `chat.py`: steps and their loop, optimizers, devices, checkpoints,
sampling, and the way to what students wrote. Nothing here knows a text, a haiku or a student's file by name."""
