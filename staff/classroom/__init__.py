"""Grades a whole class: `python -m staff.classroom grade EXPORT --out DIR`.

An export becomes submissions (`export`, `roster`, …), each a piece of work that carries all it needs (`work`,
`grader`). Workers grade them in processes of their own (`cluster`, `worker`, `grade_one`), the driver hands work out
and keeps what comes (`driver`, `records`), and what is kept is told as scores.csv, changes.csv and summary.html
(`tables`, `changes`, `summary`).
"""
