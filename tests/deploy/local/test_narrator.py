"""A message's states are told once each, and a bar is redrawn where it stands."""

from io import StringIO

from deploy.local.clip_messages import Narrator, buttons_of, clip_of, is_over
from deploy.local.discord import Json


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def message(content: str, *custom_ids: str, file: str = "") -> Json:
    return {
        "content": content,
        "attachments": [{"filename": file}] if file else [],
        "components": [{"components": [{"custom_id": name} for name in custom_ids]}],
    }


def test_each_state_is_told_once_without_the_mention() -> None:
    out = StringIO()
    narrator = Narrator(out)
    for content in ("<@1> **a**\nNext.", "<@1> **a**\nNext.", "<@1> **a**\n-# Done.\n-# 🎥"):
        narrator.show(message(content))
    told = [line.partition(" s  ")[2] for line in out.getvalue().splitlines()]
    assert told == ["Next.", "Done."]


def test_a_bar_is_redrawn_in_a_terminal_and_listed_in_a_pipe() -> None:
    terminal, pipe = Terminal(), StringIO()
    for out in (terminal, pipe):
        narrator = Narrator(out)
        narrator.show(message("<@1> **a**\n`██░░` 50% · making frames"))
        narrator.show(message("<@1> **a**\n`████` 100% · making frames"))
        narrator.say("done")
    assert terminal.getvalue().count("\n") == 2
    assert terminal.getvalue().count("\r\x1b[K") == 2
    assert pipe.getvalue().count("\n") == 3


def test_a_message_is_over_once_nothing_is_left_to_cancel() -> None:
    assert not is_over(message(""))
    assert not is_over(message("Making it anew …"))
    assert not is_over(message("50%", "cancel:1"))
    assert is_over(message("Done.", "again:1", "delete:1"))
    assert is_over({"id": "1", "channel_id": "2"})  # deleted


def test_clip_and_buttons_are_found() -> None:
    shown = message("Done.", "again:7", file="clip.mp4")
    assert clip_of(shown) == {"filename": "clip.mp4"}
    assert clip_of(message("Done.", file="poster.png")) is None
    assert buttons_of(shown) == {"again": "again:7"}
