"""What is optional, and how it is installed."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def needs(what: str, extra: str, *packages: str) -> Iterator[None]:
    """In the `with` block these packages are imported, the first of which is what is to be named.

    Raises
    ------
    ImportError
        If one is missing, or too old to have a name that is asked of it.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        old = not isinstance(error, ModuleNotFoundError)
        raise ImportError(
            f"{what} {packages[0]}{' of a newer version' * old}: pip install "
            f'{"--upgrade " * old}"tinyae[{extra}]"'
        ) from error
