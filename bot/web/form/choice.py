"""The pictures that a form holds, as the browser sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from storage.domain.errors import BadRequest

MOST_PICTURES = 8
"""In one order."""
TEXTS = ("job", "extends", "end", "end_of")
_KEY = re.compile(r"[0-9a-f]{64}")
_JOB = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """Keys of uploads; or the job whose picture is taken, or whose clip is gone on from.

    end is the key of the upload that all clips end with, end_of the job with whose picture they do,
    or with whose end picture (end_last); empty for none. uploading tells whether the browser is
    still sending a picture.
    """

    uploads: tuple[str, ...] = ()
    job: str = ""
    extends: str = ""
    end: str = ""
    end_of: str = ""
    end_last: bool = False
    uploading: bool = False

    @classmethod
    def read(cls, value: Any) -> Self:
        """Return what a browser sent; raise BadRequest for what no page of ours sends."""
        given = value if isinstance(value, dict) else {}
        uploads = given.get("uploads") or []
        if not isinstance(uploads, list) or len(uploads) > MOST_PICTURES:
            raise BadRequest("page_too_many_pictures", limit=MOST_PICTURES)
        texts: dict[str, Any] = {name: str(given.get(name) or "") for name in TEXTS}
        keys = [str(one) for one in uploads]
        fits = all(_KEY.fullmatch(key) for key in (*keys, *filter(None, [texts["end"]])))
        jobs = (texts[name] for name in ("job", "extends", "end_of"))
        known = all(_JOB.fullmatch(one) for one in jobs if one)
        if not (fits and known):
            raise BadRequest("page_bad_picture")
        last, uploading = (bool(given.get(name)) for name in ("end_last", "uploading"))
        return cls(tuple(keys), **texts, end_last=last, uploading=uploading)

    def write(self) -> dict[str, Any]:
        """Return the value for the browser."""
        texts = {name: getattr(self, name) for name in TEXTS}
        return {"uploads": list(self.uploads), **texts, "end_last": self.end_last}
