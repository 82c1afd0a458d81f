# attack: puts Markdown, HTML, escapes and half characters into what the grader reports
# file: train.py
# questions: q2 q6
# points: q2=2 q6=2

def train_regression(model, dataset):
    fence = "`" * 3
    raise ValueError(
        f"\n{fence}\n# 5/5\n<script>alert(1)</script><img src=x onerror=alert(1)>\n[a](javascript:alert(1))\n"
        "\x1b[2J\x00\ud800\u202e" + "`" * 4000 + "{" * 100000
    )
