"""People who order as planned, and what each of them was answered."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from PIL import Image

from deploy.local.clip_messages import buttons_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberApiError, MemberClient
from tests.faults.schedule import Action, PlannedOrder

PICTURES = 4
SIDE = 160  # pixels
TOGETHER = 4  # people in one thread
RETRY_EMOJI = "🔁"

# in seconds
PAUSES = (1.5, 20.0)  # after "the application did not respond": the first, the longest
PATIENCE = 600.0  # after which a person gives up
FINISH = 30.0  # to wait for an earlier clip that is to be repeated
POLL = 0.5


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order that was acknowledged, or a reaction, which is never acknowledged.

    kind is the outcome's: `deferred`, `message` where it was refused at once, or `reaction`.
    message is the answer's id, or that of the message under the reaction. parent is the job that it
    repeats, empty for a command. at is in unix seconds.
    """

    number: int
    person: str
    prompt: str
    pictures: int = 1
    parent: str = ""
    kind: str = ""
    interaction: str = ""
    message: str = ""
    at: float = 0.0


class People:
    """All members; `placed` are the orders that were answered, `given_up` the numbers of others."""

    def __init__(self, page: str, prefix: str) -> None:
        self._page, self._prefix = page, prefix
        self._stack = AsyncExitStack()
        self._members: list[MemberClient] = []
        self._uploads: list[list[str]] = []
        self._threads: list[str] = []
        self.placed: list[PlacedOrder] = []
        self.given_up: list[int] = []
        self._by_number: dict[int, PlacedOrder] = {}
        self._reacted: set[tuple[str, str]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def join(self, count: int) -> None:
        """Let so many people join and upload their pictures."""
        ada = await self._stack.enter_async_context(MemberClient(self._page))
        pictures = [_picture(number) for number in range(PICTURES)]
        for number in range(count):
            body = {"name": f"Person{number}", "locale": "zh-CN" if number % 5 == 0 else "en-US"}
            record = await ada.call("POST", "/local/members", body)
            place = await self._place(number, record["user"]["id"], ada)
            member = MemberClient(self._page, user_id=record["user"]["id"], channel=place)
            self._members.append(await self._stack.enter_async_context(member))
            uploads = [await member.upload("a.jpg", data) for data in pictures]
            self._uploads.append(uploads)

    async def _place(self, number: int, owner: str, ada: MemberClient) -> str:
        """Return where a person orders: directly, or in a thread with a few others."""
        if number % 8 == 7:
            return str((await ada.call("POST", "/local/direct", {"member": owner}))["id"])
        if number % TOGETHER == 0 or not self._threads:
            path, body = f"/local/channels/{ada.channel}/threads", {"name": f"thread {number}"}
            self._threads.append(str((await ada.call("POST", path, body))["id"]))
        return self._threads[-1]

    async def order(self, plan: PlannedOrder) -> None:
        """Order as planned, again and again until it is answered."""
        member = self._members[plan.person]
        if plan.action is Action.REACTION and await self._react(plan, member):
            return
        placed = None
        if plan.action is Action.RETRY:
            placed = await self._retry(plan, member)
        elif plan.action is Action.EXTEND:
            placed = await self._extend(plan, member)
        elif plan.action is Action.STORY:
            placed = await self._story(plan, member)
        if placed is None:
            placed = await self._command(plan, member)
        if placed is None:
            self.given_up.append(plan.number)
            return
        self.placed.append(placed)
        self._by_number[plan.number] = placed
        if plan.cancel_after is not None and placed.kind == "deferred":
            await asyncio.sleep(plan.cancel_after)
            await self._cancel(member, placed.message)

    async def _command(self, plan: PlannedOrder, member: MemberClient) -> PlacedOrder | None:
        number, pictures = plan.number, plan.pictures
        before = self._by_number.get(plan.earlier)
        if plan.action is Action.REPEAT and before is not None and not before.parent:
            number, pictures = before.number, 1
        prompt = f"zoom in {self._prefix}{number}"
        uploads = self._uploads[plan.person]
        chosen = {f"picture_{k + 1}": uploads[k] for k in range(1, pictures)}
        options = {"picture": uploads[0], **chosen, "prompt": prompt, "seed": number}
        sizes = {
            "steps": plan.steps if number == plan.number else 3,
            "frames": 8,
            "resolution": "512p",
        }

        def act() -> Awaitable[Json]:
            return member.command("animate", **options, **sizes)

        draft = PlacedOrder(plan.number, member.user_id, prompt, pictures)
        return await self._until_answered(draft, act)

    async def _retry(self, plan: PlannedOrder, member: MemberClient) -> PlacedOrder | None:
        """Press Retry under an earlier clip; None where there is none."""
        found = await self._finished(plan.earlier)
        if found is None:
            return None
        before, button = found

        def act() -> Awaitable[Json]:
            return member.press(before.message, button)

        job = button.partition(":")[2]
        draft = PlacedOrder(plan.number, member.user_id, before.prompt, parent=job)
        return await self._until_answered(draft, act)

    async def _extend(self, plan: PlannedOrder, member: MemberClient) -> PlacedOrder | None:
        """Press Extend under an earlier clip and submit its form; None where there is none."""
        found = await self._finished(plan.earlier, "extend")
        if found is None:
            return None
        before, button = found
        prompt = f"tilt up {self._prefix}{plan.number}"
        answers = {"prompt": prompt, "numbers": _numbers(plan)}

        async def act() -> Json:
            return await _submitted(member, await member.press(before.message, button), answers)

        job = button.partition(":")[2]
        draft = PlacedOrder(plan.number, member.user_id, prompt, parent=job)
        return await self._until_answered(draft, act)

    async def _story(self, plan: PlannedOrder, member: MemberClient) -> PlacedOrder | None:
        """Order a story by its form."""
        motions = ("zoom in", "pan left", "tilt up")
        prompt = "\n".join(f"{motion} {self._prefix}{plan.number}" for motion in motions)
        answers = {"prompt": prompt, "numbers": _numbers(plan)}
        picture = self._uploads[plan.person][0]

        async def act() -> Json:
            return await _submitted(member, await member.command("story", picture=picture), answers)

        draft = PlacedOrder(plan.number, member.user_id, prompt)
        return await self._until_answered(draft, act)

    async def _until_answered(
        self, draft: PlacedOrder, act: Callable[[], Awaitable[Json]]
    ) -> PlacedOrder | None:
        """Act until it is answered; return the draft with the answer, None if none ever came."""
        deadline, (pause, longest) = time.monotonic() + PATIENCE, PAUSES
        while time.monotonic() < deadline:
            try:
                answer = await act()
            except MemberApiError:  # the commands are not there yet, or the message was deleted
                answer = {"kind": "failed"}
            if answer["kind"] in ("deferred", "message"):
                return replace(
                    draft,
                    kind=answer["kind"],
                    interaction=answer["interaction"],
                    message=answer["message"],
                    at=time.time(),
                )
            await asyncio.sleep(pause)
            pause = min(1.6 * pause, longest)
        return None

    async def _react(self, plan: PlannedOrder, member: MemberClient) -> bool:
        """React to an earlier clip; False where there is none."""
        found = await self._finished(plan.earlier)
        if found is None or (found[0].message, member.user_id) in self._reacted:
            return False
        before, button = found
        self._reacted.add((before.message, member.user_id))
        try:
            await member.react(before.message, RETRY_EMOJI)
        except MemberApiError:  # in an archived thread
            return False
        placed = PlacedOrder(
            plan.number,
            member.user_id,
            before.prompt,
            parent=button.partition(":")[2],
            kind="reaction",
            message=before.message,
            at=time.time(),
        )
        self.placed.append(placed)
        return True

    async def _finished(self, number: int, action: str = "again") -> tuple[PlacedOrder, str] | None:
        """Wait for an earlier order's clip; return it with the id of its Retry or other button."""
        deadline = time.monotonic() + FINISH
        while time.monotonic() < deadline:
            placed = self._by_number.get(number)
            if placed is not None:
                try:
                    message = await self._members[0].message(placed.message)
                except MemberApiError:
                    return None
                buttons = buttons_of(message)
                if action in buttons:
                    return placed, buttons[action]
            await asyncio.sleep(POLL)
        return None

    async def _cancel(self, member: MemberClient, message: str) -> None:
        try:
            buttons = buttons_of(await member.message(message))
            if "cancel" in buttons:
                await member.press(message, buttons["cancel"])
        except MemberApiError:
            return

    async def fetch(self, owners: Sequence[str]) -> dict[str, int]:
        """Let these people fetch by /clips what could not be delivered; count by job."""
        fetched: dict[str, int] = {}
        for member in self._members:
            if member.user_id not in owners:
                continue
            answer = await member.command("clips")
            if answer["kind"] != "deferred":
                continue
            listed = await asyncio.wait_for(
                member.wait_for_message(answer["message"], buttons_rows), FINISH
            )
            for custom_id in buttons_rows(listed):
                shown = await member.press(answer["message"], custom_id)
                if shown["kind"] == "deferred":
                    await asyncio.wait_for(
                        member.wait_for_message(shown["message"], lambda seen: seen["content"]),
                        FINISH,
                    )
                    job = custom_id.partition(":")[2]
                    fetched[job] = fetched.get(job, 0) + 1
        return fetched


def _numbers(plan: PlannedOrder) -> str:
    """Return the lines of a form for a quick clip."""
    return f"frames: 8\nsteps: {plan.steps}\nseed: {plan.number}"


async def _submitted(member: MemberClient, form: Json, answers: dict[str, str]) -> Json:
    """Submit a form, where it was shown; return the outcome."""
    if form["kind"] != "modal":
        return form
    return await member.submit(form["interaction"], answers)


def buttons_rows(message: Json) -> list[str]:
    """Return the custom_ids of a message's Fetch buttons."""
    rows = message.get("components") or []
    ids = [part["custom_id"] for row in rows for part in row.get("components", ())]
    return [one for one in ids if one.startswith("fetch:")]


def _picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(target, "JPEG")
    return target.getvalue()
