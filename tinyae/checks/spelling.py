"""Which of the known names was meant by one that is unknown.

Only what is surely a misspelling is taken for one. A short name with another letter in it is mostly
another thing, as "mae" is no "mse", "gelu" no "relu" and "adamw" no "adam"; so is a name with
another number in it, or with a word more.
"""

import functools
import re
from collections.abc import Iterable

LETTERS_AN_EDIT = 6  # how long a name has to be for each letter that may be wrong


def letters(name: str) -> str:
    """What spellings of a name have in common.

    >>> letters("Mean-Squared_Error"), letters("MeanSquaredError")
    ('meansquarederror', 'meansquarederror')
    """
    return re.sub("[-_ ]", "", name).lower()


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name of which the given one is a misspelling, if there is one.

    >>> closest("learnigrate", ["momentum", "learning_rate"]), closest("adamw", ["adam"])
    ('learning_rate', None)
    """
    return _closest(name, tuple(known))


@functools.lru_cache  # code that asks whether an object has an attribute asks again and again
def _closest(name: str, known: tuple[str, ...]) -> str | None:
    given, found = letters(name), [(_wrong(name, each), each) for each in known]
    count, nearest = min(found, default=(1, ""))
    swapped = count == 1 and sorted(given) == sorted(letters(nearest))
    return nearest if swapped or count <= len(given) // LETTERS_AN_EDIT else None


def _wrong(name: str, other: str) -> int:
    """How many letters are, if one is a misspelling of the other; or more than can be."""
    a, b = letters(name), letters(other)
    if a.removesuffix("s") == b.removesuffix("s"):  # singular or plural
        return 0
    a_word_more = name.strip("_").count("_") > other.strip("_").count("_")
    if a_word_more or re.findall("[0-9]", a) != re.findall("[0-9]", b):
        return max(len(a), len(b))
    return edits(a, b)


def edits(a: str, b: str) -> int:
    """How many letters must be put in, left out, replaced, or swapped with the next one.

    >>> edits("reul", "relu"), edits("units", "unit"), edits("mae", "mse")
    (1, 1, 1)
    """
    before, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, letter in enumerate(a):
        two_before, before, row = before, row, [i + 1]
        for j, other in enumerate(b):
            row.append(min(before[j] + (letter != other), before[j + 1] + 1, row[j] + 1))
            if i and j and (letter, a[i - 1]) == (b[j - 1], other):
                row[-1] = min(row[-1], two_before[j - 1] + 1)
    return row[-1]
