"""A procedural generator of handwritten digits: numpy only, no fonts, no outside images, the same bytes for a seed.

How an image is made, in the order of the files:
    hand.py           reproducible random numbers, one row per image
    strokes.py        a style's control points become smooth pen paths
    styles.py         which styles each digit is written in, how often, and with what proportions
    styles_0_to_4.py  the control points themselves
    styles_5_to_9.py
    deform.py         what a hand adds: wobble, slant, rotation, stretch
    raster.py         pen, ink and scanner; normalised as MNIST is
    generate.py       whole batches: `generate(count, seed, split) -> (images, labels)`
and around it:
    build.py          writes data/digits.npz, or a hidden split from another seed
    contact_sheet.py  renders a page of digits to look at
    quality.py        measures the set against the real MNIST (the only file here that needs torch)
"""
