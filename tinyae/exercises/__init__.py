"""Exercises: files to complete, and tests that judge them.

``copying`` writes them into a folder. They stand in ``files``: of each a template, of which
what is to be completed and its solution are made; and its test.
"""
