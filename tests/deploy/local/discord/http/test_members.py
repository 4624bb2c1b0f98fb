"""The members' API keeps to the members' permissions."""

import pytest

from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import STUDIO


async def test_a_member_without_permission_cannot_post(member: MemberClient) -> None:
    sam = (await member.call("POST", "/local/members", {"name": "Kim"}))["user"]["id"]
    deny = {"deny": int(Permission.SEND_MESSAGES)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/{sam}", deny)
    async with MemberClient(member.url, user_id=sam) as quiet:
        with pytest.raises(MemberApiError, match="Missing Permissions"):
            await quiet.post("hello")
