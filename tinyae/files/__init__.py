"""The format of a model's file; knows no model.

Read ``archive`` (arrays and a document in one .npz), ``atomic`` (files that appear whole or not at
all), ``describe`` (layers as plain data) and ``fields`` (checks of what a document says).
"""
