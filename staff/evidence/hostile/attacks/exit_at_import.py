# attack: calls exit at import
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

raise SystemExit(0)
