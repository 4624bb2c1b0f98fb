"""A clip that cannot be signed."""

from __future__ import annotations

import pytest

from gpu_worker.credentials.claim import Claim, ClaimMaker
from gpu_worker.credentials.clip_signer import ClipSigner
from gpu_worker.credentials.errors import CannotSign
from gpu_worker.metrics import WorkerMetrics
from storage.domain.clip import Container
from storage.domain.errors import GenerationFailed
from storage.domain.models.served_model import ServedModel
from tests.gpu_worker.test_metrics import IdleEngine
from tests.support.examples import REQUEST
from tests.support.prometheus import samples

CLAIMS = ClaimMaker("1", ServedModel("fake"))


def fail(data: bytes, container: Container, claim: Claim) -> bytes:
    raise CannotSign(data.decode())


def test_it_is_posted_and_each_cause_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    signer = ClipSigner(fail, CLAIMS)
    for cause in (b"no disk", b"no key", b"no disk"):
        assert signer.sign(cause, REQUEST, b"") == cause
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [f"clips carry no credentials: {cause}" for cause in ("no disk", "no key")]
    metrics = WorkerMetrics(IdleEngine(), signer=signer)
    assert samples(metrics)["mutoscope_worker_unsigned_clips_total"] == 3


def test_where_credentials_are_required_it_is_refused() -> None:
    signer = ClipSigner(fail, CLAIMS, required=True)
    with pytest.raises(GenerationFailed) as refused:
        signer.sign(b"no disk", REQUEST, b"")
    assert refused.value.key == "failed_unsigned"
