"""Pictures of what models do: one file a picture, drawn alike in the live window, the report and the site.

A picture is a module with a frozen `State` of plain arrays and a pure `draw(axes, state)`. Where training is watched
there is a `Reader` too, which makes a state from a dataset whose model is being trained; it stands in the same module,
or in one that names the picture's module as `PICTURE`. Where a report shows the picture, the module has an exhibit:
arrays with a method `panels()` (see `panels.py`). Pictures are found by the dotted names of their modules, so that a
question can have its own in its folder. But for `windows/live.py`, which watches training, nothing here imports torch,
nor matplotlib before something is drawn.
"""
