"""The tree of errors that are shown to people, as message keys and parameters.

MutoscopeError
+-- BadPicture          picture_*    the upload cannot be animated
|   +-- BadEndPicture   picture_*    the upload that a clip is to end with
+-- BadRequest          request_*    a parameter or the prompt is out of bounds
+-- BadStyle            style_*      the file of a style cannot be used
+-- QuotaExceeded       quota_*      the person has spent what they may
+-- NotAllowed          denied_*     this person, or the bot in this channel, may not do that
+-- JobGone             job_*        the job is unknown, or over already
+-- GenerationFailed    failed_*     the worker could not make the clip
+-- Unavailable         unavailable_* a part of the service is unreachable; try again
"""

from __future__ import annotations

from collections.abc import Mapping

Parameter = str | int | float


class MutoscopeError(Exception):
    """An error as a message key with parameters, never as prose."""

    def __init__(self, key: str, /, **parameters: Parameter) -> None:
        """Take the message key (looked up in the locales) and its parameters."""
        super().__init__(key, parameters)
        self.key = key
        self.parameters: Mapping[str, Parameter] = parameters


class BadPicture(MutoscopeError):
    """The upload is not a still picture that can be animated."""


class BadEndPicture(BadPicture):
    """The upload that a clip is to end with is not a still picture, or is not there any more."""


class BadRequest(MutoscopeError, ValueError):
    """The prompt or a parameter is out of bounds; a ValueError, so that the codec reports where."""


class BadStyle(MutoscopeError):
    """The file of a style holds no adapter that the model could take."""


class QuotaExceeded(MutoscopeError):
    """The person has no credits left, or too many unfinished jobs."""


class NotAllowed(MutoscopeError):
    """This person, or the bot in this channel, may not do that."""


class JobGone(MutoscopeError):
    """The job is unknown or already over."""


class GenerationFailed(MutoscopeError):
    """The worker could not make the clip."""


class Unavailable(MutoscopeError):
    """A part of the service cannot be reached just now."""


class HolderChanged(Exception):
    """Another bot shows this job from now on."""
