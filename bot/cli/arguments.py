"""The command line's arguments; the flags of a clip's options come from the option table."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bot.cli.people.flags import add_people_parsers
from bot.cli.web.flags import add_web_flags
from bot.i18n import Translations
from bot.studio.chains.extension import FIXED
from bot.studio.option_table import Option
from bot.studio.options import Options, Shape
from bot.studio.orders.admission import Admission
from storage.domain.finish import FACTORS
from storage.domain.models.capability import Capability

FINISHING = ("upscale", "smooth", "playback", "format")
"""The options that may be asked of a clip that is there."""

CLEANED = {"prompt", "clip"}
"""What may have bytes that are no UTF-8: a text that is cleaned later, and the name of a file."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python reads such a byte as, which neither a database nor an address takes."""

CLIPS_LISTED = 20
REPORTED_DAYS, MOST_DAYS = 30, 3650
EXAMPLES = """examples:
  mutoscope animate cat.jpg --prompts "zoom in slowly" -o out/
  mutoscope animate a.png b.png --prompts "zoom in,pan left" -o out/
  mutoscope animate *.jpg --prompt "pan left, then hold still" --seed 7 --camera pan_left
  mutoscope animate cat.jpg --prompt "pan right" --end-picture dog.jpg -o out/
  mutoscope story cat.jpg --prompts "zoom in,pan left,hold still" -o out/
  mutoscope extend out/cat__1.mp4 "tilt up" -o out/
  mutoscope animate b.png --like out/a__1.mp4 --seed 8
  mutoscope clips --search "zoom in"
  mutoscope clip 0123456789abcdef -o a.mp4
  mutoscope verify a.mp4
  mutoscope finish out/cat__1.mp4 --playback loop --smooth 48 --format webp -o out/
  mutoscope upscale *.mp4 --factor 2 -o large/
  mutoscope report
  mutoscope report --csv --days 90 > usage.csv
  mutoscope web --port 7860
  mutoscope export web:ada -o ada.zip
  mutoscope forget web:ada
  mutoscope ban web:ada --reason "spam"
  mutoscope db copy sqlite:///var/mutoscope.db postgresql://me:PASSWORD@db/mutoscope
  mutoscope db check

exit status: 0 every clip was made (or is there), 1 some were not, 2 wrong usage or settings, or no
picture that can be used, 130 stopped by Ctrl-C; of verify: 0 valid, 1 invalid or without
credentials, 2 unreadable
"""


def parser(admission: Admission, texts: Translations) -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(
        prog="mutoscope",
        description="Make short moving clips from still pictures, without any Discord.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    animate = commands.add_parser("animate", help="make clips from pictures and prompts")
    _add_inputs(animate)
    for option in _flags(admission):
        _add_flag(animate, option, admission, texts)
    story = commands.add_parser("story", help="make one clip of a picture and several prompts")
    story.add_argument("pictures", nargs=1, type=Path, metavar="PICTURE")
    _add_prompts(story, "two to eight prompts, separated by commas: one for each segment")
    _add_out(story)
    # Without a model for it, it is not listed, and says what to set.
    add_imagine = partial(commands.add_parser, "imagine")
    listed = admission.text_to_image is not None
    imagine = (
        add_imagine(help="make a picture from words, and animate it") if listed else add_imagine()
    )
    imagine.add_argument("prompt", metavar="PROMPT")
    _add_out(imagine)
    _add_shape(imagine, texts)
    extend = commands.add_parser("extend", help="go on from the last frame of a finished clip")
    extend.add_argument("clip", metavar="CLIP", help="its file, or the id of its job")
    extend.add_argument("prompt", nargs="?", metavar="PROMPT", help="left out, the same again")
    _add_out(extend)
    for option in _flags(admission):
        _add_flag(story, option, admission, texts)
        _add_flag(imagine, option, admission, texts)
        if option.name not in FIXED:
            _add_flag(extend, option, admission, texts)
    changes = _change_parsers(commands, admission, texts)
    report = _report_parser(commands)
    web = commands.add_parser("web", help="serve the page: orders, previews and clips in a browser")
    add_web_flags(web)
    finders = [*_library_parsers(commands), *add_people_parsers(commands)]
    made = (animate, story, imagine, extend, *changes)
    for each in (*made, *finders, report, web, *_database_parsers(commands)):
        each.add_argument("--locale", help="language of messages: en or zh-CN (default: LANG's)")
    return whole


def _report_parser(commands: Any) -> argparse.ArgumentParser:
    report: argparse.ArgumentParser = commands.add_parser(
        "report", help="say what was made and what it cost"
    )
    table = "write the last days as CSV, by day and model, in place of the sums"
    report.add_argument("--csv", action="store_true", help=table)
    about = f"of how many days (default: {REPORTED_DAYS})"
    report.add_argument("--days", type=_days, default=REPORTED_DAYS, help=about)
    return report


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"1 to {MOST_DAYS}")
    return days


def _library_parsers(commands: Any) -> list[argparse.ArgumentParser]:
    """Add the commands that find clips which this command made, and that read any file."""
    clips = commands.add_parser("clips", help="list the clips that were made, the newest first")
    clips.add_argument("--search", metavar="TEXT", help="only those with these words in the prompt")
    clips.add_argument("--limit", type=int, default=CLIPS_LISTED, help="how many (default: 20)")
    clip = commands.add_parser("clip", help="say how a clip was made, and write its file again")
    clip.add_argument("id", metavar="ID", help="as `mutoscope clips` lists it")
    clip.add_argument("-o", "--out", type=Path, metavar="FILE", help="write the clip there")
    verify = commands.add_parser("verify", help="say what a file says of its origin")
    verify.add_argument("file", type=Path, metavar="FILE", help="MP4, GIF or WebP")
    trusted = "certificates (PEM) of the issuers that you trust"
    verify.add_argument("--trust", type=Path, metavar="FILE", help=trusted)
    return [clips, clip, verify]


def _change_parsers(
    commands: Any, admission: Admission, texts: Translations
) -> list[argparse.ArgumentParser]:
    """Add the commands that change clips which are there as files."""
    finish = commands.add_parser("finish", help="upscale, smooth, reverse, loop or convert clips")
    upscale = commands.add_parser("upscale", help="make clips larger")
    for each in (finish, upscale):
        each.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="MP4, GIF or WebP")
        _add_out(each)
    for option in _flags(admission):
        if option.name in FINISHING:
            _add_flag(finish, option, admission, texts)
        if option.name == "format":
            _add_flag(upscale, option, admission, texts)
    factors = [factor for factor in FACTORS if factor > 1]
    upscale.add_argument("--factor", type=int, choices=factors, default=factors[0])
    return [finish, upscale]


def _database_parsers(commands: Any) -> list[argparse.ArgumentParser]:
    """Add the commands for whoever runs the service; they set `command` to both of their words."""
    database = commands.add_parser("db", help="copy the service's database, or check its files")
    tools = database.add_subparsers(required=True, metavar="COMMAND")
    copy = tools.add_parser("copy", help="copy a database into an empty one while the bot is off")
    copy.set_defaults(command="db copy")
    for name, which in (("source", "FROM"), ("target", "TO")):
        copy.add_argument(name, metavar=which, help="as DATABASE_URL")
    check = tools.add_parser(
        "check", help="list pictures, clips and styles that are lost or damaged"
    )
    check.set_defaults(command="db check")
    return [copy, check]


def read(
    argv: Sequence[str] | None, admission: Admission, texts: Translations
) -> argparse.Namespace:
    """Return the arguments; SystemExit with status 2 where they are wrong."""
    whole = parser(admission, texts)
    arguments = whole.parse_args(argv)
    if arguments.command == "animate" and not arguments.prompts and arguments.like is None:
        model = admission.catalogue.models.get(arguments.model or admission.catalogue.default_model)
        if model is None or Capability.PROMPT in model.capabilities:
            whole.error("animate needs --prompts, --prompt or --like")
    if arguments.command == "story" and not arguments.prompts:
        whole.error("story needs --prompts or --prompt")
    read_later = CLEANED | {option.name for option in _flags(admission)}
    for name, value in vars(arguments).items():
        if name not in read_later and isinstance(value, str) and SURROGATE.search(value):
            whole.error(f"{name}: write it in UTF-8")
    return arguments


def options_of(
    arguments: argparse.Namespace, prompt: str | None, admission: Admission, like: Options
) -> Options:
    """Return the options of a clip with this prompt; flags win over what it shall be like.

    A prompt that is None is left out.
    """
    flags = {option.name: getattr(arguments, option.name, None) for option in _flags(admission)}
    given = {name: value for name, value in flags.items() if value is not None}
    if "camera" in given:
        given = {"path": None} | given  # a motion was chosen instead of a path
    return like.replace(prompt=prompt, **given)


def _add_inputs(animate: argparse.ArgumentParser) -> None:
    animate.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    _add_prompts(animate, "prompts, separated by commas: one for all pictures, or one for each")
    animate.add_argument(
        "--like",
        type=Path,
        metavar="FILE",
        help="take the prompt and all options from a clip's file, except those that are given",
    )
    animate.add_argument(
        "--end-picture",
        type=Path,
        metavar="FILE",
        help="a second picture, which all clips end with",
    )
    animate.add_argument("--each", action="store_true", help="every picture with every prompt")
    _add_out(animate)


def _add_prompts(command: argparse.ArgumentParser, about: str) -> None:
    command.add_argument(
        "--prompts", dest="prompts", action="extend", type=_split, metavar="A,B", help=about
    )
    command.add_argument(
        "--prompt",
        dest="prompts",
        action="append",
        metavar="TEXT",
        help="one prompt, commas and all; may be given several times",
    )


def _add_out(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--out", type=Path, default=Path("out"), help="folder of the clips")


def _add_shape(command: argparse.ArgumentParser, texts: Translations) -> None:
    command.add_argument(
        "--shape",
        type=Shape,
        choices=[*Shape],
        default=Shape.SQUARE,
        metavar="|".join(Shape),
        help=texts.text("en", "option_shape_about"),
    )


def _flags(admission: Admission) -> list[Option]:
    return [one for one in admission.table if one.in_flags and admission.offering(one)]


def _add_flag(
    animate: argparse.ArgumentParser, option: Option, admission: Admission, texts: Translations
) -> None:
    gaps = admission.about(option, admission.offering(option)[0])
    more: dict[str, Any] = {}
    if option.choices:
        more = {"choices": [option.parse(value) for value in option.choices]}
        more["metavar"] = "|".join(option.choices)
    elif option.kind is str:
        more = {"metavar": "TEXT"}
    animate.add_argument(
        "--" + option.name.replace("_", "-"),
        dest=option.name,
        type=option.kind,
        help=texts.text("en", option.about_key, **gaps).replace("%", "%%"),
        **more,
    )


def _split(text: str) -> list[str]:
    """Split at commas and drop empty pieces."""
    return [piece.strip() for piece in text.split(",") if piece.strip()]
