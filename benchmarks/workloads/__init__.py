"""What is measured, in no library's words.

In this order: `catalogue` (every workload), `inputs` (the data and initial weights of one).
"""
