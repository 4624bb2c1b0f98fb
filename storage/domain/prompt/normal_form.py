"""The form of a prompt that is read: plain letters, without what is no wording of the prompt."""

from __future__ import annotations

import re
import unicodedata

# The name of a LoRA, a mention, an emoji or a file says nothing about the camera.
_NAMES = re.compile(r"<[^<>]*>|https?://\S*|www\.\S*")
# What stands written in the picture; the length is bounded, so that open quotes cost no time.
_WRITTEN = re.compile(
    r"(?:\b(?:says?|saying|reads?|reading|texts?|words?|titled|titles?|labell?ed|labels?|signs?"
    r"|captions?|captioned|logos?|written|named|called|lyrics)|写着|寫著|文字|标语|標語|标题|標題|字样|字樣)"
    r"[\s:]{0,3}(?:\"[^\"]{0,300}\"|“[^”]{0,300}”|「[^」]{0,300}」|『[^』]{0,300}』)"
)


def normalized(prompt: str) -> str:
    """Return the prompt in NFKC and lower case, with hyphens and underscores as spaces."""
    text = unicodedata.normalize("NFKC", prompt).casefold().replace("\u2019", "'")
    text = _WRITTEN.sub(" ", _NAMES.sub(" ", text))
    return text.replace("-", " ").replace("_", " ")
