"""The glyphs: ten files, one per digit; in each, one function per style, which returns the strokes a pen makes.

A stroke is a list of control points (x, y) in the unit square, the digit's box: x to the right, y down; a little
outside it is allowed. A third entry CORNER marks a point where the pen changes direction sharply. In the functions,
`u(low, high)` varies evenly between writers and `g(deviation)` varies around zero, each a number per image; a number
that several points share keeps them together.
"""
