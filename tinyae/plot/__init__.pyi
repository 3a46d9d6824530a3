# The public names, and where each is defined: see the package's own `__init__.pyi`.

from .backprop_page import backprop_page as backprop_page
from .backprop_picture import backprop as backprop
from .codes import compare_latent as compare_latent
from .codes import joint as joint
from .codes import latent as latent
from .curves import curve as curve
from .drawing import COLOURS as COLOURS
from .drawing import MARKERS as MARKERS
from .drawing import tile as tile
from .error_images import error_map as error_map
from .errors import scores as scores
from .errors import spectrum as spectrum
from .explanations import blame as blame
from .explanations import blame_map as blame_map
from .film import training_film as training_film
from .filters import filters as filters
from .latent_page import page as page
from .pictures import compare_reconstructions as compare_reconstructions
from .pictures import interpolation as interpolation
from .pictures import manifold as manifold
from .pictures import reconstructions as reconstructions
from .pictures import samples as samples
from .pointer import explore as explore
from .training import gradient_norms as gradient_norms
from .training import history as history
from .variance import explained_variance as explained_variance
