"""Mentions of camera motions in a Chinese text, simplified or traditional, by patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum

from storage.domain.camera.motion import Motion, Speed
from storage.domain.prompt.chinese_rules import PATTERNS
from storage.domain.prompt.mention import Mention, Rank

_SIMPLIFIED = str.maketrans(
    "鏡頭動轉縮遠進後順時針左傾緩靜輕微劇顫機畫場視無沒別搖攝劃飛從開還來雲離觀變擴穩鎖稍徐"
    "對著讓將請漸邊個給點處環繞眾們態腳貼湊與於圖內運體滾滑強劍連擺並禁嚴顯東",
    "镜头动转缩远进后顺时针左倾缓静轻微剧颤机画场视无没别摇摄划飞从开还来云离观变扩稳锁稍徐"
    "对着让将请渐边个给点处环绕众们态脚贴凑与于图内运体滚滑强剑连摆并禁严显东",
)
_CLAUSE_END = re.compile(
    r"[,.;:!?、。,;:!?…\n\s]|然后|接着|随后|同时|但是|但|而后|再(?=[向往朝左右上下推拉放缩平])"
)


CAMERA = re.compile(
    r"镜头|相机|摄像机|摄影机|摄像头|画面|视角|机位|视野|视线|焦距|我们|观众|无人机|航拍"
)
CONTENT = re.compile(r"图像|图片|照片|场景|景物|内容|背景")
FILLERS = re.compile(
    r"镜头|相机|慢慢|缓慢|缓缓|缓|慢|高速|快速|迅速|急速|飞快|快|轻轻|轻微|微微|稍微|稍稍|略微|逐渐|渐渐|徐徐|平稳|"
    r"稳定|匀速|平滑|流畅|请|让|把|将|使|先|再|然后|最后|开始|持续|不断|一直|整体|地|的|着|了|得|从|给|做|来|"
    r"一个|个|一点点|一点|只|仅|就|要|需要|想|希望|帮我|我|突然|猛地|猛|急|剧烈|强烈|大幅|小幅|度|又|也|和|并|与|且|"
    r"不要|不用|不|别|没有|没|无|勿|避免|禁止|可以|能|有|向|往|朝|在|水平|垂直|横向|纵向|角度|方向|[\s\W]"
)
# Somebody looks or goes at the camera; a place in the picture is no subject.
_AT_CAMERA = re.compile(
    r"(?:看着|看向|看|对着|对|面对|面向|望着|望向|朝着|朝|走向|跑向|冲向|飞向|游向|转向|冲|(?<![推拉移转])向|盯着|直视|正对|背对|凝视|注视|靠近|走近)"
    r"了?(?:镜头|相机|摄像机|摄影机|摄像头|观众)|镜头前"
)
_PLACE = re.compile(r"(?:画面|镜头|照片|图片|图像|场景|视频|图)(?:中(?![心央间])|里|内)")
_ORIGIN = re.compile(r"从[^从往向到至朝]{0,6}$")
_PERSONAL = re.compile(r"[走跑看望飞游跳奔转回抬低挥伸站坐爬冲]")
_OF_NOUN = re.compile(r"(?:着|了|过)?的(?!$)(?!镜头|相机|画面|视角|运镜|拍摄|效果|方式|感觉|地)\w")
# Techniques without a direction: only ruled out they say anything.
_TECHNIQUE = re.compile(r"推拉摇移|推拉|摇移|缩放|运镜|升降|[推拉摇移](?=$|[和或与及])")
_BARE = re.compile(
    r"(?:镜头)?(?:平移|缩放|旋转|摇晃|推拉|抖动|晃动|摇移|移动|倾斜|变焦|运镜|横移|转动|运动|升降|环绕|推|拉|摇|移|和|或|与|及|以及)+"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_JOINS_LIST = frozenset("、")
_LONGEST = 100
"""Characters of a clause at most, so that a text without stops is read in linear time."""
_SPOKEN = re.compile(r"(?:镜头|相机|摄像机|摄影机|机位|运镜)(?![的感里中内前下]|$)")

_CONTENT_MOVES = re.compile(r"移动|移|滑动|滑|运动|偏移|走|飞")
_NEGATION = re.compile(r"不要|不用|不需要|不许|不能|不得|不|别|没有|没|无|勿|避免|禁止|而不是|而非")
_SLOW = re.compile(
    r"缓|慢|轻轻|轻微|微微|稍微|稍稍|略|逐渐|渐渐|徐徐|一点|悠悠|悠然|柔和|轻柔|小幅|细微|些微"
)
_FAST = re.compile(r"快|迅速|急速|急|猛|剧烈|强烈|大幅|突然|疾|飞速|高速|用力|明显|一下子")


def mentions(text: str) -> list[Mention]:
    """Return the mentions in a normalized text, clause by clause."""
    found: list[Mention] = []
    other_subject = ruled_out = False
    for start, clause, joiner in _clauses(text):
        if not _HAN.search(clause):
            ruled_out = ruled_out and joiner in _JOINS_LIST
            other_subject = other_subject or bool(FILLERS.sub("", clause))
            continue
        bare = joiner in ",、" and _BARE.fullmatch(clause) is not None
        ruled_out = ruled_out and (joiner in _JOINS_LIST or bare)
        own = list(_in_clause(clause, start, other_subject, ruled_out))
        found.extend(own)
        ruled_out = ruled_out or is_negated(clause)
        other_subject = _is_about_other(clause, own, other_subject)
    return found


def speaks_of_camera(text: str) -> bool:
    """Tell whether something is said of the camera, whether it is understood or not."""
    return any(_SPOKEN.search(clause) for _, clause, _ in _clauses(text))


def simplified(text: str) -> str:
    """Return a text with the traditional characters of camera words in their simplified forms."""
    return text.translate(_SIMPLIFIED)


def loose_speed(text: str) -> Speed | None:
    """Return the speed that a clause of its own names."""
    text = simplified(text)
    parts = (part for part in _CLAUSE_END.split(text) if part and not FILLERS.sub("", part))
    return next((speed for part in parts if (speed := _speed(part))), None)


def _clauses(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the position of each clause, its simplified text, and the sign before it."""
    text = simplified(text)
    text = _AT_CAMERA.sub(lambda match: "人" * len(match.group()), text)
    text = _PLACE.sub(lambda match: "的" * len(match.group()), text)
    start, joiner = 0, "."
    for stop in [*_CLAUSE_END.finditer(text), None]:
        end = stop.start() if stop else len(text)
        for part in range(start, end, _LONGEST):
            yield part, text[part : min(end, part + _LONGEST)], joiner
        joiner = joiner if stop and stop.group().isspace() and start == end else _sign(stop)
        start = stop.end() if stop else end


def _sign(stop: re.Match[str] | None) -> str:
    """Return what separates two clauses; a space does so as a comma does."""
    return "," if stop is None or stop.group().isspace() else stop.group()


def _in_clause(clause: str, offset: int, other_subject: bool, ruled_out: bool) -> Iterator[Mention]:
    taken = [False] * len(clause)
    speed = _speed(clause)
    for match in _TECHNIQUE.finditer(clause):
        if ruled_out or is_negated(clause[: match.start()]):
            yield Mention(offset + match.start(), Motion.PAN_RIGHT, Rank.MANNER, negated=True)
    for rule_motion, pattern, rule_rank, camera_only in PATTERNS:
        for match in pattern.finditer(clause):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            before = "".join(
                sign for sign, is_taken in zip(clause[:start], taken, strict=False) if not is_taken
            )
            subject = _subject(clause, before, end, other_subject)
            taken[start:end] = [True] * (end - start)
            if not camera_only and subject is _Subject.OTHER:
                continue
            motion, rank = rule_motion, _ranked(rule_rank, subject, camera_only)
            if subject is _Subject.CONTENT and _moves_content(match.group()):
                motion, rank = _REVERSED.get(motion, motion), Rank.CONTENT
            negated = ruled_out or is_negated(clause[:start])
            yield Mention(
                offset + start, motion, rank, negated and motion is not Motion.STATIC, speed
            )


_REVERSED: Mapping[Motion, Motion] = {
    Motion.PAN_LEFT: Motion.PAN_RIGHT,
    Motion.PAN_RIGHT: Motion.PAN_LEFT,
    Motion.TILT_UP: Motion.TILT_DOWN,
    Motion.TILT_DOWN: Motion.TILT_UP,
}


class _Subject(Enum):
    """Who moves."""

    CAMERA = "camera"
    CONTENT = "content"
    NONE = "none"
    OTHER = "other"


def _subject(clause: str, before: str, end: int, other_subject: bool) -> _Subject:
    """Return who makes a motion, by the words before it that belong to no other motion."""
    if CAMERA.search(clause[:end]):
        return _Subject.CAMERA
    if CONTENT.search(before):
        return _Subject.CONTENT
    if FILLERS.sub("", _ORIGIN.sub("", before)) or _OF_NOUN.match(clause, end):
        return _Subject.OTHER
    if other_subject and _PERSONAL.search(clause):
        return _Subject.OTHER
    return _Subject.NONE


def _ranked(rank: Rank, subject: _Subject, camera_only: bool) -> Rank:
    named = camera_only or subject is _Subject.CAMERA
    return Rank.CAMERA if rank is Rank.VERB and named else rank


def _is_about_other(clause: str, own: list[Mention], other_subject: bool) -> bool:
    """Tell whether the clause after this one may be about something else than the camera."""
    if own or CAMERA.search(clause):
        return False
    return bool(FILLERS.sub("", clause)) or other_subject


def _moves_content(words: str) -> bool:
    return "平移" not in words and _CONTENT_MOVES.search(words) is not None


def is_negated(before: str) -> bool:
    """Tell whether a negation before a motion is still in force."""
    last = None
    for match in _NEGATION.finditer(before):
        last = match
    return last is not None and not re.search(r"只|仅|而是|就", before[last.end() :])


def _speed(clause: str) -> Speed | None:
    slow, fast = _SLOW.search(clause), _FAST.search(clause)
    if fast and re.search(r"(?:不要|别|不)(?:太|过|那么)?$", clause[: fast.start()]):
        return Speed.SLOW
    if slow and (not fast or slow.start() < fast.start()):
        return Speed.SLOW
    return Speed.FAST if fast else None
