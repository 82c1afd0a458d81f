# attack: declares an encoding that Python knows, and that is none of texts
# file: losses.py
# questions: q2 q6
# points: q2=1 q6=2
# encoding: rot13

x = 1
