# attack: declares an encoding whose decoder takes minutes for a file of the largest size
# file: losses.py
# questions: q2 q6
# points: q2=1 q6=2
# encoding: punycode

x = 1
