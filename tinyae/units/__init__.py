"""Training large dense models by units: threads share each layer's units, not the samples.

Read ``strips`` (how matrices lie in memory), ``tiles`` (their products, which stay in the
processor's registers) and ``by_units`` (a step of training); ``choice`` says which models they are.
"""
