"""Named tuples by reference: compiled functions are told where one is, and read what they need.

A tuple itself is passed on number by number, and loaded whole wherever one field of it is read. For
forty fields, half of them arrays, that takes longer to compile than what is done with them. So
``refer`` writes a tuple into memory as compiled code lays it out: each number, and each part of
what describes an array, takes eight bytes.
"""

import functools
from ctypes import addressof, c_char
from operator import index
from typing import Any

import numpy as np
from numba import from_dtype, types

from ..system.numba_parts import (
    DISABLED,
    AttributeTemplate,
    NativeValue,
    OpaqueModel,
    cgutils,
    impl_ret_borrowed,
    infer_getattr,
    lower_getattr_generic,
    register_model,
    unbox,
)

WORD = np.dtype(np.int64)


class Reference(types.Type):
    """The type of a reference to a named tuple of type `to`."""

    def __init__(self, to: types.NamedTuple):
        super().__init__(f"Reference({to})")
        self.to = to


class Written:
    """A named tuple in memory, for compiled code: give it to a kernel in the tuple's place.

    It keeps the tuple, and with it the arrays that are written of.
    """

    def __init__(self, named_tuple: Any):
        self._numba_type_, self._tuple = reference_type(named_tuple), named_tuple
        self._words = np.array(words(named_tuple), WORD)
        self.address = self._words.ctypes.data


def refer(named_tuple: Any) -> Any:
    """A reference to a named tuple of numbers, contiguous arrays and such tuples."""
    return named_tuple if DISABLED else Written(named_tuple)


def reference_type(named_tuple: Any) -> Reference:
    """The type of references to such tuples."""
    return _reference(_kind(named_tuple))


def words(named_tuple: Any) -> list[int]:
    """What is written of a named tuple, in words of eight bytes."""
    result: list[int] = []
    for value in named_tuple:
        if isinstance(value, np.ndarray):
            result += _words_of_array(np.asarray(value))  # a recarray's attributes are slow
        elif isinstance(value, tuple):
            result += words(value)
        elif isinstance(value, float):
            result.append(int(np.float64(value).view(WORD)))
        else:
            result.append(index(value))
    return result


def _words_of_array(array: np.ndarray) -> tuple[int, ...]:
    flags = array.flags
    assert flags.c_contiguous
    assert flags.aligned
    place = 0  # of nothing, which nobody reads
    if array.size:  # a third of the time of `ctypes.data`, where it may be asked for
        place = addressof(c_char.from_buffer(array.data)) if flags.writeable else array.ctypes.data
    # nobody counts references to it, or owns it
    return 0, 0, array.size, array.itemsize, place, *array.shape, *array.strides


def _kind(value: Any) -> Any:
    """What tells the types of fields apart."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim
    if isinstance(value, tuple):
        return type(value), tuple(map(_kind, value))
    return float if isinstance(value, float) else int


def _type(kind: Any) -> types.Type:
    if kind is float:
        return types.float64
    if not isinstance(kind, tuple):
        return types.int64
    of, more = kind
    if isinstance(of, np.dtype):
        return types.Array(from_dtype(of), more, "C")
    return types.NamedTuple(tuple(map(_type, more)), of)


@functools.cache
def _reference(kind: Any) -> Reference:
    return Reference(_type(kind))


# For the compiler

register_model(Reference)(OpaqueModel)  # a pointer


@unbox(Reference)
def _generate_unboxing(reference, written, c):
    address = c.pyapi.object_getattr_string(written, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(pointer)


@infer_getattr
class FieldOfReference(AttributeTemplate):
    """A field has the type that it has in the tuple."""

    key = Reference

    def generic_resolve(self, reference: Reference, name: str) -> Any:
        """The type of a field."""
        return dict(zip(reference.to.fields, reference.to.types, strict=True)).get(name)


@lower_getattr_generic(Reference)
def _generate_field(context, builder, reference, pointer, name):
    whole = context.get_value_type(reference.to).as_pointer()
    place = builder.bitcast(pointer, whole)
    field = reference.to.fields.index(name)
    value = builder.load(cgutils.gep_inbounds(builder, place, 0, field))
    # counted, where references to arrays are, since it is uncounted when it is not used any more
    return impl_ret_borrowed(context, builder, reference.to.types[field], value)
