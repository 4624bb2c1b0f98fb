"""Skips all of this folder where helm cannot be had."""

from __future__ import annotations

import pytest

from tests.deploy.chart.helm import NO_HELM, find_helm


@pytest.fixture(autouse=True, scope="session")
def chart_tools() -> None:
    if find_helm() is None:
        pytest.skip(NO_HELM)
