"""Which members of a class have no place in the reference.

A class is shown with the members of its bases, but those of bases that have a page themselves, and
without what its parts ask of each other, which nobody calls or writes.
"""

import tinyae
import tinyae.sklearn

MACHINERY = """
add admit admit_input adopt all_or_nothing amend append as_images backward_address beta_at bind
bind_alone check check_figures check_targets check_weight claim decayed declare first_state
forward_address from_file inside kernel kernel_numbers numbers_by_step numbers_for of_images
on_train_end output_padding_for part_address parts penalise penalty_address penalty_gain
penalty_kernel place plain prepare record record_behind release require_built run scatters
set_model slides slots step_weight step_weights tie to_file untied value
"""


def bases_elsewhere():
    """The names of classes that have a page, here or in other libraries."""
    ours = {name for name in tinyae.__all__ if isinstance(getattr(tinyae, name), type)}
    kinds = [getattr(tinyae, name) for name in ours]
    kinds += [tinyae.sklearn.AutoencoderTransformer, tinyae.sklearn.AutoencoderOutlierDetector]
    bases = {base for kind in kinds for base in kind.__mro__}
    return ours | {base.__name__ for base in bases if not base.__module__.startswith("tinyae")}
