"""Names for diffusers' classes in annotations: the library's own carry no usable types."""

from typing import Any, TypeAlias

Autoencoder: TypeAlias = Any
"""An AutoencoderKL."""

Denoiser: TypeAlias = Any
"""An I2VGenXLUNet."""

Clock: TypeAlias = Any
"""A DDIMScheduler."""

ImageEncoder: TypeAlias = Any
"""A CLIPVisionModelWithProjection, whose own types forbid moving it to a device."""
