"""One whole service with the embedded model and a content filter, for all tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from deploy.local.stack.local_stack import LocalStack
from tests.e2e.members import NewMembers
from tests.e2e.stacks import running_stack
from tests.support.pictures.filters import RED


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def local_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalStack]:
    folder = tmp_path_factory.mktemp("embedded")
    async with running_stack(folder, FILTER="on", FILTER_FACTORY=RED) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="session")
async def members(local_stack: LocalStack) -> AsyncIterator[NewMembers]:
    """Creates members with all of their quota."""
    async with AsyncExitStack() as stack:
        yield NewMembers(local_stack.page, stack)
