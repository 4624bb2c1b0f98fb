"""The words of the command line, read into plain values."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from storage.domain.camera.motion import Motion, Speed
from storage.domain.clip import Container
from storage.domain.request import Preset

EXAMPLES = """examples:
  mutoscope animate cat.jpg --prompts "zoom in slowly" -o out/
  mutoscope animate a.png b.png --prompts "zoom in,pan left" -o out/
  mutoscope animate *.jpg --prompt "pan left, then hold still" --seed 7 --camera pan_left
  mutoscope report

exit status: 0 every clip was made, 1 some were not, 2 wrong usage or a file that cannot be read,
130 stopped by Ctrl-C
"""


PATH = "'zoom in, then pan left', or poses at times up to 1: '0.5 zoom 1.3; 1 right 0.2 roll 5'"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(
        prog="mutoscope",
        description="Make short moving clips from still pictures, without any Discord.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    animate = commands.add_parser("animate", help="make clips from pictures and prompts")
    _what(animate)
    _how(animate)
    report = commands.add_parser("report", help="say what was made and what it cost")
    for each in (animate, report):
        each.add_argument("--locale", help="language of messages: en or zh-CN (default: LANG's)")
    return whole


def read(words: Sequence[str] | None) -> argparse.Namespace:
    """Return what the words say; SystemExit with status 2 where they say nothing sound."""
    arguments = parser().parse_args(words)
    if arguments.command == "animate" and not arguments.prompts:
        parser().error("animate needs --prompts or --prompt")
    return arguments


def _what(animate: argparse.ArgumentParser) -> None:
    animate.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    animate.add_argument(
        "--prompts",
        dest="prompts",
        action="extend",
        type=_list,
        metavar="A,B",
        help="prompts, separated by commas: one for all pictures, or one for each",
    )
    animate.add_argument(
        "--prompt",
        dest="prompts",
        action="append",
        metavar="TEXT",
        help="one prompt, commas and all; may be given several times",
    )
    animate.add_argument("--each", action="store_true", help="every picture with every prompt")
    animate.add_argument("-o", "--out", type=Path, default=Path("out"), help="folder of the clips")


def _how(animate: argparse.ArgumentParser) -> None:
    add = animate.add_argument
    add("--seed", type=int, help="the same seed gives the same clip (default: a new one each time)")
    add("--model", help="a model of generation.yaml")
    add("--resolution", help="a resolution of the model, such as 128p")
    add("--frames", type=int)
    add("--fps", type=int)
    add("--steps", type=int)
    add("--guidance", type=float)
    add("--preset", type=Preset, choices=list(Preset), metavar=_names(Preset))
    add("--negative-prompt", default="")
    add("--camera", type=Motion, choices=list(Motion), default=Motion.AUTO, metavar=_names(Motion))
    add("--speed", type=Speed, choices=list(Speed), default=Speed.NORMAL, metavar=_names(Speed))
    add("--strength", type=float, default=1.0, help="how firmly the camera is obeyed: 0 (off) to 1")
    add("--path", default="", metavar="TEXT", help=PATH)
    add("--candidates", type=int, default=1, help="make so many and keep the best")
    add(
        "--format",
        dest="container",
        type=Container,
        choices=list(Container),
        default=Container.MP4,
        metavar=_names(Container),
    )


def _list(text: str) -> list[str]:
    """Split at commas; empty pieces are kept out."""
    return [piece.strip() for piece in text.split(",") if piece.strip()]


def _names(kind: type[Preset | Motion | Speed | Container]) -> str:
    return "|".join(kind)
