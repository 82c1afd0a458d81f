# attack: hands in a file of NUL bytes where Python should be
# file: losses.py
# questions: q2 q6
# points: q2=1 q6=2
# bytes: yes

pass
