"""Random prompts, with the motion and speed that they name, for the text encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpu_worker.lab.training.data import phrases_en as wordings
from gpu_worker.lab.training.data import phrases_zh as wordings_zh
from gpu_worker.lab.training.data.phrases_en import Family, listed
from storage.domain.camera.motion import Motion

SUBJECTS = listed(
    "the cat | a dog | the castle | the old house | her face | the mountain | a red flower"
    "| the sea"
    "| the bird | the subject | the statue | him | it | the boat | the man's eyes | the picture"
    "| the astronaut | a cup of coffee | the rocket | the city skyline | the horse | the tree"
    "| a girl"
    "| the motorcycle | the moon | the bridge | an owl | the dragon | the window | the building"
)
SUBJECTS_ZH = listed(
    "猫|小狗|城堡|房子|她的脸|山|花|大海|鸟|主体|雕像|人物|树|小船|月亮|桥|女孩|马|塔"
)
SCENES = listed(
    "a cat sits on a sofa | waves roll onto the beach | a woman smiles | snow falls gently"
    "| leaves move in the wind | clouds drift across the sky | smoke rises from the chimney"
    "| a man walks down the street | a rocket on the launch pad | the sun sets behind the hills"
    "| a dog runs through the field | birds fly over the lake | a portrait of an old man"
    "| cinematic, highly detailed | a cup on a wooden table | a waterfall in the forest | 4k film"
    "| city lights at night | a horse stands on the left | flowers bloom | rain on the window"
    "| the girl looks to the right | a boat floats on calm water | a car turns left at the corner"
    "| a balloon goes up into the sky | water falls down the rocks | close friends laugh together"
    "| beautiful lighting | a long time ago | golden hour | epic fantasy landscape"
    "| hair in the wind"
)
SCENES_ZH = listed(
    "一只猫坐在沙发上|海浪拍打沙滩|女孩微笑|雪花飘落|风吹树叶|云在天上飘|夕阳西下|烟从烟囱升起"
    "|一个男人走在街上|鸟飞过湖面|森林里的瀑布|夜晚的城市|电影感|高清画质|花朵盛开|窗外下雨"
    "|老人的肖像|小船漂在水面|桌上的咖啡|马站在左边|气球飞上天空|车向右转弯|火箭发射台"
)
SLOW = listed(
    "slowly | gently | gradually | softly | subtly | slightly | a little | very slowly | leisurely"
    "| just a bit | in a slow way | at a slow pace | lightly | unhurriedly"
)
FAST = listed(
    "quickly | fast | rapidly | swiftly | suddenly | very fast | at high speed | dramatically"
    "| abruptly | in a rush | hard | at full speed | with great speed | strongly"
)
PLAIN = listed("smoothly | steadily | smoothly and continuously | please | now | a while")
SLOW_ZH = listed("慢慢|缓慢|缓缓|轻轻|徐徐|稍微|慢慢地|缓缓地|轻微|一点点")
FAST_ZH = listed("快速|迅速|急速|飞快|猛地|快速地|飞快地|突然|大幅|高速")
LEADERS = listed(
    "camera | the camera | the view | the shot | the lens | the viewpoint | let the camera"
    "| have the camera | make the camera | we | the frame | make it | please | a drone"
    "| the camera will"
)
HELD_OUT_EVERY = 4


@dataclass(frozen=True)
class Prompt:
    """A prompt, the motion it names (DRIFT: none) and its speed (-1 slow, 0, 1 fast)."""

    text: str
    motion: Motion
    speed: int


def families(held_out: bool | None = None) -> list[tuple[Family, bool]]:
    """Give (family, is Chinese): all, or without / only every fourth one per motion."""
    both = [(family, False) for family in wordings.FAMILIES]
    both += [(family, True) for family in wordings_zh.FAMILIES]
    if held_out is None:
        return both
    seen: dict[tuple[Motion, bool], int] = {}
    kept = []
    for family, chinese in both:
        number = seen.get((family.motion, chinese), 0)
        seen[family.motion, chinese] = number + 1
        if (number % HELD_OUT_EVERY == 2) is held_out:
            kept.append((family, chinese))
    return kept


class Prompts:
    """Draws random prompts from families of wordings."""

    def __init__(self, pool: Sequence[tuple[Family, bool]]):
        """Group the families by motion, so that every motion is as likely."""
        self._by_motion: dict[Motion, list[tuple[Family, bool]]] = {}
        for family, chinese in pool:
            self._by_motion.setdefault(family.motion, []).append((family, chinese))
        self._motions = list(self._by_motion)

    def draw(self, rng: np.random.Generator, motion: Motion | None = None) -> Prompt:
        """Draw a prompt that names `motion`, or any motion, or (one in eight) none."""
        if motion is None and rng.random() < 0.125:
            motion = Motion.DRIFT
        if motion is Motion.DRIFT:
            return Prompt(_scene(rng, rng.random() < 0.4), Motion.DRIFT, 0)
        chosen = motion or self._motions[rng.integers(len(self._motions))]
        pool = self._by_motion[chosen]
        family, chinese = pool[rng.integers(len(pool))]
        speed = int(rng.integers(-1, 2)) if chosen is not Motion.STATIC else 0
        text = _chinese(family, speed, rng) if chinese else _english(family, speed, rng)
        return Prompt(text, chosen, speed)


def _pick(rng: np.random.Generator, pool: Sequence[str]) -> str:
    return pool[int(rng.integers(len(pool)))]


def _english(family: Family, speed: int, rng: np.random.Generator) -> str:
    subject = _pick(rng, SUBJECTS)
    words = {-1: SLOW, 0: PLAIN, 1: FAST}[speed]
    how = _pick(rng, words) if speed or rng.random() < 0.25 else ""
    if family.phrases:
        core = _pick(rng, listed(family.phrases)).replace("{s}", subject)
        parts = [_pick(rng, LEADERS) if rng.random() < 0.25 else "", core]
    else:
        verb = _pick(rng, listed(family.verbs))
        lead = _pick(rng, listed(family.leads)).replace("{s}", subject)
        led = rng.random() < 0.5
        parts = [_pick(rng, LEADERS) if led else "", _form(verb, led, rng), lead]
    parts.insert(int(rng.choice([0, len(parts) - 1, len(parts)])), how)
    core = " ".join(part for part in parts if part)
    return _amid(core, rng, chinese=False)


def _form(verb: str, led: bool, rng: np.random.Generator) -> str:
    """Inflect a verb now and then: zooms, zooming."""
    head, _, tail = verb.rpartition(" ")
    ending = _pick(rng, ("", "s", "s", "ing") if led else ("", "", "ing"))
    if ending == "ing":
        doubled = {"pan": "pann", "spin": "spinn", "get": "gett", "dip": "dipp", "step": "stepp"}
        tail = doubled.get(tail, tail)
        tail = tail[:-1] if tail.endswith("e") and tail != "see" else tail
    elif ending == "s" and tail.endswith(("ch", "sh", "ss")):
        ending = "es"
    elif ending == "s" and tail == "fly":
        tail = "flie"
    return f"{head} {tail}{ending}".strip()


def _chinese(family: Family, speed: int, rng: np.random.Generator) -> str:
    core = _pick(rng, listed(family.phrases)).replace("{s}", _pick(rng, SUBJECTS_ZH))
    how = {-1: SLOW_ZH, 0: [""], 1: FAST_ZH}[speed]
    leader = _pick(rng, wordings_zh.CAMERA_VERBS.split("|")) if rng.random() < 0.5 else ""
    word = _pick(rng, how)
    return _amid(f"{leader}{word}{core}", rng, chinese=True)


def _scene(rng: np.random.Generator, chinese: bool) -> str:
    scene = _pick(rng, SCENES_ZH if chinese else SCENES)
    if rng.random() < 0.3:
        scene += ("，" if chinese else ", ") + _pick(rng, SCENES_ZH if chinese else SCENES)
    return scene


def _amid(core: str, rng: np.random.Generator, chinese: bool) -> str:
    """Put the wording beside a sentence about the picture, or leave it alone."""
    chance = rng.random()
    comma, stop = ("，", "。") if chinese else (", ", ". ")
    join = comma if rng.random() < 0.6 else stop
    if chance < 0.3:
        text = _scene(rng, chinese) + join + core
    elif chance < 0.5:
        text = core + join + _scene(rng, chinese)
    elif chance < 0.6:
        text = core + (" while " if not chinese else "，同时") + _scene(rng, chinese)
    else:
        text = core
    return text.capitalize() if rng.random() < 0.3 else text
