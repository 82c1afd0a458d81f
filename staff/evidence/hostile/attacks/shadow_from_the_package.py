# attack: has files named as modules beside its elective: torch, numpy, the question's probes
# file: electives/optimizers.py
# questions: e1 q6
# points: e1=4 q6=2
# extra: electives/__init__.py electives/torch.py electives/numpy.py electives/math.py electives/test_cases.py torch.py

assert torch.__file__.endswith("torch/__init__.py") and "electives" not in torch.__file__
