"""A second service whose worker needs no model, so that parts may die often and come back soon."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.local.stack.local_stack import Household
from tests.e2e.houses import ROOT, open_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def household(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Household]:
    folder = tmp_path_factory.mktemp("brisk")
    engine = {"ENGINE_FACTORY": "tests.fakes.brisk_engine:create", "PYTHONPATH": str(ROOT)}
    async with open_house(folder, **engine) as house:
        yield house
