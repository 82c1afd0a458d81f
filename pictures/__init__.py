"""Live pictures of a model in training: what to look at (readers), how it looks (draw functions), and the window.

A picture is one module with a frozen `State` of plain arrays, a `Reader` that makes one from a dataset whose model is
being trained, and a pure `draw(axes, state)`; `table.py` says which dataset has which picture. The student process
reads states (`live.py`), a process of its own owns the window and draws them (`viewer.py`). A new picture is a new
module and a row in the table.
"""
