# attack: hands in links to the hidden split and the results in place of files
# file: losses.py
# questions: q2 q6
# points: q2=1 q6=2
# link: losses.py

x = 1
