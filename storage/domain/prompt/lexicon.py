"""The English words that speak of a camera: verbs with what they mean, directions, and fillers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from storage.domain.camera.motion import Motion


def words(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(text.split())


class Way(Enum):
    """A direction, as a word or a phrase names it."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    IN = "in"
    OUT = "out"
    CLOCKWISE = "clockwise"
    COUNTERCLOCKWISE = "counterclockwise"


PLANE = frozenset({Way.LEFT, Way.RIGHT, Way.UP, Way.DOWN})
DEPTH = frozenset({Way.IN, Way.OUT})
TURN = frozenset({Way.CLOCKWISE, Way.COUNTERCLOCKWISE})
ANY = PLANE | DEPTH | TURN

MOTION_OF: Mapping[Way, Motion] = {
    Way.LEFT: Motion.PAN_LEFT,
    Way.RIGHT: Motion.PAN_RIGHT,
    Way.UP: Motion.TILT_UP,
    Way.DOWN: Motion.TILT_DOWN,
    Way.IN: Motion.ZOOM_IN,
    Way.OUT: Motion.ZOOM_OUT,
    Way.CLOCKWISE: Motion.ROLL_CLOCKWISE,
    Way.COUNTERCLOCKWISE: Motion.ROLL_COUNTERCLOCKWISE,
}
OPPOSITE: Mapping[Way, Way] = {
    Way.LEFT: Way.RIGHT,
    Way.RIGHT: Way.LEFT,
    Way.UP: Way.DOWN,
    Way.DOWN: Way.UP,
    Way.IN: Way.OUT,
    Way.OUT: Way.IN,
    Way.CLOCKWISE: Way.COUNTERCLOCKWISE,
    Way.COUNTERCLOCKWISE: Way.CLOCKWISE,
}


@dataclass(frozen=True, slots=True)
class Verb:
    """What a verb means: the directions it takes, and the motion where it stands without one.

    film says that the verb belongs to cameras, so that nobody else can be meant; rolls that left
    and right turn the camera about its axis; compares that only words like "bigger" fit, even
    with a thing between: "make the cat bigger".
    """

    ways: frozenset[Way]
    alone: Motion | None = None
    film: bool = False
    rolls: bool = False
    compares: bool = False


def _table(verb: Verb, words: str) -> dict[str, Verb]:
    return dict.fromkeys(words.split(), verb)


VERBS: Mapping[str, Verb] = {
    **_table(Verb(ANY, Motion.ZOOM_IN, film=True), "zoom dolly"),
    **_table(Verb(PLANE, Motion.PAN_RIGHT, film=True), "pan"),
    **_table(Verb(PLANE | TURN, Motion.TILT_UP, film=True), "tilt"),
    **_table(Verb(ANY, film=True), "truck track tracking"),
    **_table(Verb(PLANE, film=True), "crane boom pedestal jib"),
    **_table(
        Verb(ANY),
        "move movement motion slide glide go shift travel step sweep swing swivel orbit arc fly "
        "head walk run race rush dash whip drive veer strafe sidestep scroll creep inch ease edge "
        "crawl punch nudge sail steer proceed jump lead follow slip tip traverse circle swipe "
        "crab ride come scale press scan drag",
    ),
    **_table(Verb(PLANE | TURN), "look turn face gaze glance aim point peer peek angle pitch"),
    **_table(Verb(ANY, Motion.DRIFT), "drift float wander hover"),
    **_table(Verb(ANY, Motion.ZOOM_IN), "push plunge dive"),
    **_table(Verb(ANY, Motion.ZOOM_OUT), "pull"),
    **_table(Verb(ANY, Motion.ROLL_CLOCKWISE, rolls=True), "lean"),
    **_table(
        Verb(PLANE | TURN, Motion.ROLL_CLOCKWISE, rolls=True),
        "roll rotate rotation spin twist twirl revolve cant bank whirl dutch",
    ),
    **_table(Verb(DEPTH), "get draw crop home focus"),
    **_table(Verb(DEPTH, compares=True), "bring make become grow appear"),
    **_table(Verb(PLANE), "show reveal"),
    **_table(Verb(frozenset(), Motion.ZOOM_IN), "approach advance enter near"),
    **_table(Verb(frozenset(), Motion.ZOOM_IN, film=True), "enlarge magnify tighten narrow"),
    **_table(Verb(frozenset(), Motion.ZOOM_OUT), "retreat recede withdraw shrink"),
    **_table(Verb(frozenset(), Motion.ZOOM_OUT, film=True), "widen expand"),
    **_table(Verb(DEPTH, Motion.TILT_UP), "rise ascend raise elevate lift climb levitate soar"),
    **_table(Verb(DEPTH, Motion.TILT_DOWN), "descend lower drop sink fall dip duck"),
    **_table(
        Verb(frozenset(), Motion.SHAKE),
        "shake jitter tremble wobble vibrate vibration quake rattle judder shudder bounce rumble "
        "jolt quiver sway tremor wiggle",
    ),
}

_DOUBLED = words("pan jib spin get step drop dip slip tip whip run crop")
_IRREGULAR: Mapping[str, str] = {
    "rising": "rise", "rises": "rise", "swept": "sweep", "flies": "fly", "swung": "swing",
    "going": "go", "goes": "go", "dollying": "dolly", "dollies": "dolly", "movements": "movement",
    "motions": "motion", "vibrations": "vibration", "tremors": "tremor", "rotations": "rotation",
    "shakes": "shake", "drawn": "draw", "risen": "rise", "spun": "spin", "zoomin": "zoom",
    "shook": "shake",
}  # fmt: skip


def _forms() -> dict[str, tuple[str, str]]:
    """Return each form of each verb: the word -> (the verb, "" or "s", "ing", "ed")."""
    forms: dict[str, tuple[str, str]] = {}
    for verb in VERBS:
        stem = verb[:-1] if verb.endswith("e") else verb
        stem = verb + verb[-1] if verb in _DOUBLED else stem
        hissing = verb.endswith(("sh", "ch", "x", "ss"))
        forms[verb + ("es" if hissing else "s")] = (verb, "s")
        forms[stem + "ing"] = (verb, "ing")
        forms[stem + "ed"] = (verb, "ed")
    for word, verb in _IRREGULAR.items():
        forms[word] = (verb, "ing" if word.endswith("ing") else "s")
    return forms | {verb: (verb, "") for verb in VERBS}


FORMS: Mapping[str, tuple[str, str]] = _forms()


def _ways(way: Way, words: str) -> dict[str, Way]:
    return dict.fromkeys(words.split(), way)


WAYS: Mapping[str, Way] = {
    **_ways(Way.LEFT, "left leftward leftwards lefthand leftmost"),
    **_ways(Way.RIGHT, "right rightward rightwards righthand rightmost"),
    **_ways(Way.UP, "up upward upwards upwardly higher skyward skywards"),
    **_ways(Way.DOWN, "down downward downwards downwardly lower"),
    **_ways(Way.IN, "in inward inwards closer nearer forward forwards ahead deeper bigger larger"),
    **_ways(Way.IN, "tighter into toward towards onto close near"),
    **_ways(Way.OUT, "out outward outwards away back backward backwards farther further off"),
    **_ways(Way.OUT, "reverse rearward rearwards"),
    **_ways(Way.OUT, "smaller wider wide"),
    **_ways(Way.CLOCKWISE, "clockwise cw"),
    **_ways(Way.COUNTERCLOCKWISE, "counterclockwise anticlockwise ccw widdershins"),
}
COMPARED = words("closer nearer bigger larger tighter smaller farther further wider")

# Where a picture's parts lie: "tilt to the sky".
PLACES: Mapping[str, Way] = {
    **_ways(Way.UP, "sky top ceiling heaven heavens roof"),
    **_ways(Way.DOWN, "ground bottom floor feet base"),
}

CAMERA = words(
    "camera cam view viewpoint perspective shot frame lens we viewer pov you drone framing it "
    "operator footage video clip vantage viewfinder gimbal angle us"
)
CONTENT = words(
    "scene content contents picture image photo photograph everything scenery background subject "
    "object ground earth world"
)
SLOW = words(
    "slow slowly gentle gently slight slightly subtle subtly soft softly gradual gradually "
    "leisurely lazily little bit touch calm calmly tiny small barely carefully creep creeping "
    "inch inching ease easing patient patiently delicate delicately faint faintly unhurried "
    "relaxed mild mildly tad sluggish sluggishly unhurriedly light lightly"
)
FAST = words(
    "fast quick quickly rapid rapidly swift swiftly sudden suddenly sharp sharply abruptly "
    "dramatic dramatically strong strongly hard violently violent big whip crash dash dashing "
    "rush rushing speedy speedily briskly brisk hurried hurriedly aggressive aggressively intense "
    "intensely wildly wild snap faster quicker hastily speed heavy heavily"
)
FILLERS = (
    SLOW
    | FAST
    | words(
        "random a an the to toward towards over across around along through from of side "
        "direction way "
        "all please let lets let's us i want would like can could you should will now just only "
        "very more some make then and so smoothly smooth steadily steady continuously constantly "
        "evenly while is are be being keep keeps keeping start starts starting begin begins "
        "beginning continue continues continuing give gives me my our this that its slowly have "
        "has having do does get need needs needed try first finally effect style cinematic "
        "cinematically hand handed hands quite really too much fairly rather pretty perform "
        "performing executes execute shows show showing shooting single one long nice apply add "
        "use using by at again motion movement move moving horizontally vertically horizontal "
        "vertical here there even ever kindly perfectly completely totally absolutely entire "
        "entirely whole simply fluid fluidly elegant elegantly wide degree degrees axis sideways "
        "sidewise laterally barrel lateral full high low great pace rate speed sir"
    )
)
NEGATORS = words(
    "no not without never avoid don't dont doesn't doesnt isn't isnt won't nor neither instead "
    "stop zero cannot can't cant shouldn't mustn't aren't rather none lacking"
)
STILL = words("static stationary tripod motionless unmoving immobile locked lockdown unchanging")
STEADY = words(
    "still steady fixed frozen freeze stable hold holding lock stay stays rest put remain remains "
    "stand stands"
)
HELD = words(
    "handheld shaky jittery wobbly unsteady unstable jerky nervous bumpy earthquake turbulence "
    "turbulent "
    "trembling shakily shakey shakycam wobbling quaking juddering"
)
TYPOS: Mapping[str, str] = {
    "zom": "zoom", "zomm": "zoom", "zoon": "zoom", "zoome": "zoom", "zoming": "zooming",
    "zooom": "zoom", "zum": "zoom", "lft": "left", "letf": "left", "lef": "left", "elft": "left",
    "leftt": "left", "rigth": "right", "rihgt": "right", "rigt": "right", "rght": "right",
    "titl": "tilt", "tllt": "tilt", "tlit": "tilt", "dwon": "down", "donw": "down",
    "dwn": "down", "pna": "pan", "paan": "pan", "pann": "pan", "shak": "shake", "slwo": "slow",
    "slowy": "slowly", "rotat": "rotate", "clsoer": "closer", "foward": "forward",
    "stil": "still", "upp": "up", "movee": "move", "mvoe": "move", "shacky": "shaky",
}  # fmt: skip
LONG_WORDS = tuple(
    sorted(
        words(
            "camera slowly quickly rapidly gently clockwise counterclockwise anticlockwise rotate "
            "rotating handheld static closer zooming panning tilting backward backwards forward "
            "forwards upwards downwards upward downward leftward leftwards rightward rightwards "
            "earthquake tremble rotates stationary"
        )
    )
)
