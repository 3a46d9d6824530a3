"""What is shown while something takes its time.

Read ``live_line`` (a line that renews itself), then ``progress_line`` (that of `fit`).
"""
