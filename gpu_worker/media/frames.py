"""The shapes in which pictures travel between models and media."""

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # (height, width, 3), RGB
Frames = NDArray[np.uint8]  # (frames, height, width, 3), RGB
