"""What is shown of the numbers.

In this order: `comparison` (who stands where), `numbers_as_text`, `circumstances` (under which was
measured), then where all this goes: `terminal`, `markdown`, `picture`, `results_folder` (all of
it).
"""
