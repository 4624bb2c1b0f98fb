"""The order of one draft in full."""

from __future__ import annotations

from storage.domain.drafts.candidates import in_full
from storage.domain.errors import BadRequest
from storage.domain.job import Job
from storage.domain.request import GenerationRequest


def chosen_request(job: Job, number: int) -> GenerationRequest:
    """Return the order of a job's draft, counted from one; raise BadRequest where it has none."""
    candidates = job.clip.candidates if job.clip else ()
    if not 1 <= number <= len(candidates):
        raise BadRequest("request_candidate")
    chosen = candidates[number - 1]
    return in_full(job.request, chosen.seed, chosen.camera)
