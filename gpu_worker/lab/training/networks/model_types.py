"""Types for annotations, where the libraries' own classes carry no usable ones."""

from typing import Any, TypeAlias

Autoencoder: TypeAlias = Any
"""An AutoencoderKL."""

Denoiser: TypeAlias = Any
"""An I2VGenXLUNet."""

NoiseScheduler: TypeAlias = Any
"""A DDIMScheduler."""

ImageEncoder: TypeAlias = Any
"""A CLIPVisionModelWithProjection, whose own types forbid moving it to a device."""
