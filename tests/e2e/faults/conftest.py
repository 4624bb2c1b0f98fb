"""A second service whose worker loads no model, so that its processes restart quickly."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.local.stack.local_stack import LocalStack
from tests.e2e.stacks import ROOT, running_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def local_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalStack]:
    folder = tmp_path_factory.mktemp("without_model")
    engine = {"ENGINE_FACTORY": "tests.e2e.faults.stepwise_engine:create", "PYTHONPATH": str(ROOT)}
    async with running_stack(folder, LOG_FORMAT="json", LOG_LEVEL="DEBUG", **engine) as stack:
        yield stack
