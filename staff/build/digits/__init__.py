"""A procedural generator of handwritten digits: numpy only, no fonts, no outside images, the same bytes for a seed.

How an image is made, in the order of the files:
    hand.py           reproducible random numbers, one row per image
    strokes.py        a style's control points become smooth pen paths
    glyphs/           the control points themselves, a file per digit
    styles.py         which styles each digit is written in, how often, and with what proportions
    deform.py         what a hand adds: wobble, slant, rotation, stretch
    raster.py         pen, ink and scanner; normalised as MNIST is
    generate.py       whole batches: `generate(count, seed, split) -> (images, labels)`
and around it:
    build.py          writes data/digits.npz, or a hidden split from another seed
    contact_sheet.py  renders a page of digits to look at
    quality.py        measures the set against the real MNIST (the only file here that needs torch)
"""
