# The public names, and where each is defined; see `tinyae/__init__.pyi`.

from .outlier_detector import AutoencoderOutlierDetector as AutoencoderOutlierDetector
from .pca_estimator import PCA as PCA
from .transformer import AutoencoderTransformer as AutoencoderTransformer
