"""A call that is refused changes nothing."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def unchanged_if_refused(*objects: object) -> Iterator[None]:
    """In the `with` block the objects' attributes may change; after any exception they are back.

    Their attributes only: what these hold must be replaced, not changed in place.
    """
    before = [(each, dict(vars(each))) for each in objects]
    try:
        yield
    except BaseException:
        for each, attributes in before:
            vars(each).update(attributes)  # at once, for other threads that look
            for name in vars(each).keys() - attributes.keys():
                del vars(each)[name]
        raise
