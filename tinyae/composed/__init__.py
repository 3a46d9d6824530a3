"""Parts made of other parts: layers of ``sequences``, and a loss ``per_column`` of a table."""
