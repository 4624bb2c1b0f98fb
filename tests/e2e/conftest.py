"""One whole service with the embedded model, for all tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from deploy.local.stack.local_stack import Household
from tests.e2e.guests import Guests
from tests.e2e.houses import open_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def household(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Household]:
    async with open_house(tmp_path_factory.mktemp("household")) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def guests(household: Household) -> AsyncIterator[Guests]:
    """Lets people in who have all their quota."""
    async with AsyncExitStack() as stack:
        yield Guests(household.page, stack)
