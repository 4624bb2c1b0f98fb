"""The option of a second picture, which a clip arrives at, and what is wrong with its upload."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from storage.domain.errors import BadEndPicture, BadPicture

END_PICTURE = "end_picture"
"""The option's name; its value is the sha256 of a picture in the blob store, empty for none."""
SHOWN = 12
"""How many digits of that are shown, which tells two pictures apart."""


@contextlib.contextmanager
def of_end_picture() -> Iterator[None]:
    """Tell of a BadPicture that it is the end picture."""
    try:
        yield
    except BadPicture as error:
        raise BadEndPicture(error.key, **error.parameters) from error
