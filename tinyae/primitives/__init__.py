"""What layers compute at inference, in primitives: what a model is exported from.

``steps`` names them; ``plain_images`` says those of images in plain NumPy, ``plain_codes`` one
of codes.
"""
