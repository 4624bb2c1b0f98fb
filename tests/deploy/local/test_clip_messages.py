"""Each state of a message is printed once, and a progress bar is redrawn in place."""

from io import StringIO

from deploy.local.clip_messages import MessagePrinter, buttons_of, clip_of, is_final
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


def test_each_state_is_printed_once_without_the_mention() -> None:
    out = StringIO()
    printer = MessagePrinter(out)
    for content in ("<@1> **a**\nNext.", "<@1> **a**\nNext.", "<@1> **a**\n-# Done.\n-# 🎥"):
        printer.update(message(content))
    printed = [line.partition(" s  ")[2] for line in out.getvalue().splitlines()]
    assert printed == ["Next.", "Done."]


def test_a_progress_bar_is_redrawn_in_a_terminal_and_listed_in_a_pipe() -> None:
    terminal, pipe = Terminal(), StringIO()
    for out in (terminal, pipe):
        printer = MessagePrinter(out)
        printer.update(message("<@1> **a**\n`██░░` 50% · making frames"))
        printer.update(message("<@1> **a**\n`████` 100% · making frames"))
        printer.print("done")
    assert terminal.getvalue().count("\n") == 2
    assert terminal.getvalue().count("\r\x1b[K") == 2
    assert pipe.getvalue().count("\n") == 3


def test_a_message_is_final_when_it_can_be_retried() -> None:
    assert not is_final(message(""))
    assert not is_final(message("Making it anew …"))
    assert not is_final(message("50%", "cancel:1"))
    assert is_final(message("Done.", "again:1", "delete:1"))
    assert is_final({"id": "1", "channel_id": "2"})  # deleted


def test_clip_and_buttons_are_found() -> None:
    shown = message("Done.", "again:7", file="clip.mp4")
    assert clip_of(shown) == {"filename": "clip.mp4"}
    assert clip_of(message("Done.", file="poster.png")) is None
    assert buttons_of(shown) == {"again": "again:7"}
