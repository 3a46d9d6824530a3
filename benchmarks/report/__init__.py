"""What is shown of the numbers.

In this order: `comparison` (what they say), then where they go: `terminal`, `markdown` and
`picture`.
"""
