"""The Redis keys of what bots and workers exchange, and how long each is kept.

Redis holds nothing that the database could not lose: orders that wait, leases, outcomes on their
way, and flags. All of it has a time to live.
"""

from __future__ import annotations

from storage.domain.cost.bill import WorkerLife

QUEUES = "mutoscope:queue:"  # and a model: the sorted sets that arq reads
TASK = "make_clip"  # arq's name of the one function
EVENTS = "mutoscope:events"
CANCELS = "mutoscope:cancels"
CHANGES = "mutoscope:changes"  # of jobs, from bot to bot
FORGOTTEN = "mutoscope:forgotten"  # people, from bot to bot
WORKERS = "mutoscope:worker:"
WORKER_KEYS = "mutoscope:workers"  # the set of them, for a scan would go through all other keys
STORIES = "mutoscope:stories"  # the set of the jobs that have finished segments
LIVES = "mutoscope:lives"  # the set of the ids of workers whose lives are to be billed
LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0
OUTCOME_SECONDS = 24 * 3600
CANCEL_SECONDS = 24 * 3600
WITHDRAWN_SECONDS = 24 * 3600
LIFE_SECONDS = 24 * 3600
PREVIEW_SECONDS = 15 * 60
SEGMENT_SECONDS = 24 * 3600


def attempt_id(job: str, attempt: int) -> str:
    """Return the queue's id of one attempt at a job."""
    return f"{job}.{attempt}"


def queue_key(model: str) -> str:
    """Return the key of the queue from which workers take the orders for their model."""
    return QUEUES + model


def lease_key(identity: str) -> str:
    """Return the key that lives while a worker holds this attempt."""
    return f"mutoscope:lease:{identity}"


def outcome_key(identity: str) -> str:
    """Return the key of this attempt's outcome."""
    return f"mutoscope:outcome:{identity}"


def withdrawn_key(identity: str) -> str:
    """Return the key that exists once a later attempt was put in this one's place."""
    return f"mutoscope:withdrawn:{identity}"


def preview_key(identity: str) -> str:
    """Return the key of this attempt's latest preview."""
    return f"mutoscope:preview:{identity}"


def cancel_key(name: str) -> str:
    """Return the key of the flag that cancels every attempt at a job, or by its id one attempt."""
    return f"mutoscope:cancel:{name}"


def segments_key(job: str) -> str:
    """Return the key of the hash of a story's finished segments, by their numbers from 0."""
    return f"mutoscope:segments:{job}"


def life_key(identity: str) -> str:
    """Return the key of a worker's life."""
    return f"mutoscope:life:{identity}"


def worker_key(life: WorkerLife) -> str:
    """Return the key that exists while this worker is alive."""
    return f"{WORKERS}{life.worker}:{life.id}"
