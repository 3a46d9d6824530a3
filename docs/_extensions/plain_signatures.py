"""Signatures show each type by the name that the source has for it: ``ArrayLike``.

Sphinx would show what the name stands for, a union of a dozen types.
"""

import inspect


class Plain(str):
    """A text that stands in a signature without quotes."""

    def __repr__(self):
        return str(self)


def plain(app, what, name, thing, options, signature, return_annotation):
    if signature is None or what not in ("class", "exception", "function", "method"):
        return None
    try:
        own = inspect.signature(thing)
    except (TypeError, ValueError):  # a class whose constructor is written in C
        return None
    parameters = [shown(each) for each in own.parameters.values()]
    if what == "method" and parameters and parameters[0].name == "self":
        del parameters[0]
    text = str(own.replace(parameters=parameters, return_annotation=own.empty))
    returns = what in ("function", "method") and own.return_annotation is not own.empty
    return text, str(own.return_annotation) if returns else None


def shown(parameter):
    if parameter.annotation is parameter.empty:
        return parameter
    return parameter.replace(annotation=Plain(parameter.annotation))


def setup(app):
    app.connect("autodoc-process-signature", plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
