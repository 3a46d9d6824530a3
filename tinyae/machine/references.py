"""Named tuples by reference: compiled functions pass on where one is, and read what they need.

A tuple itself is passed on number by number, and loaded whole wherever one field of it is read. For
forty fields, half of them arrays, that takes longer to compile than what is done with them.
"""

from typing import Any

from numba import types

from ..system.numba_parts import (
    AttributeTemplate,
    OpaqueModel,
    cgutils,
    impl_ret_borrowed,
    infer_getattr,
    lower_getattr_generic,
    register_model,
)
from .jit import machine_code


class Reference(types.Type):
    """The type of a reference to a named tuple of type `to`."""

    def __init__(self, to: types.NamedTuple):
        super().__init__(f"Reference({to})")
        self.to = to


register_model(Reference)(OpaqueModel)  # a pointer


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


def _write_reference(typing_context, named_tuple):
    return Reference(named_tuple)(named_tuple), _generate_reference


def _generate_reference(context, builder, signature, arguments):
    place = cgutils.alloca_once_value(builder, arguments[0])
    return builder.bitcast(place, cgutils.voidptr_t)


@machine_code(_write_reference)
def refer(named_tuple):
    """A reference to a named tuple, for as long as the function runs that calls this."""
    return named_tuple
