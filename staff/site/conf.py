"""Settings of Sphinx; `python -m staff.site` writes the sources of the pages and calls Sphinx with this file."""

from __future__ import annotations

from typing import Any

project = "Neural networks, from the perceptron to a GPT"
html_title = "Neural networks"
author = ""
language = "en"
extensions = ["myst_nb", "staff.site.mathml"]
exclude_patterns = ["static"]

# pages
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist", "attrs_inline", "attrs_block"]
myst_heading_anchors = 4
myst_dmath_allow_space = False  # "$ command" is a prompt and no formula
highlight_language = "none"  # indented blocks are formulas
html_math_renderer = "mathml"

# lessons: run at build, and a cell that fails makes the build fail
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120  # seconds for one cell
nb_merge_streams = True
suppress_warnings = ["mystnb.unknown_mime_type"]

# look
html_theme = "furo"
html_static_path: list[str] = []  # set by the caller: the folder with the style sheet and the scripts
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_show_search_summary = False  # a summary needs fetch(), which browsers refuse for files on disk
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-dark"
html_theme_options: dict[str, Any] = {
    "light_css_variables": {
        "color-brand-primary": "#0067a3",
        "color-brand-content": "#0067a3",
        "color-brand-visited": "#5b4b9a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6cb8ea",
        "color-brand-content": "#6cb8ea",
        "color-brand-visited": "#b3a5e6",
    },
}
