"""English vocabulary about cameras: verbs, directions, nouns, fillers, negators and typos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from storage.domain.camera.motion import Motion


def words(text: str) -> frozenset[str]:
    """Split a text into a set of words."""
    return frozenset(text.split())


class Direction(Enum):
    """A direction of movement or rotation that a word names."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    IN = "in"
    OUT = "out"
    CLOCKWISE = "clockwise"
    COUNTERCLOCKWISE = "counterclockwise"


PLANE = frozenset({Direction.LEFT, Direction.RIGHT, Direction.UP, Direction.DOWN})
DEPTH = frozenset({Direction.IN, Direction.OUT})
ROTATION = frozenset({Direction.CLOCKWISE, Direction.COUNTERCLOCKWISE})
ANY = PLANE | DEPTH | ROTATION

MOTION_OF: Mapping[Direction, Motion] = {
    Direction.LEFT: Motion.PAN_LEFT,
    Direction.RIGHT: Motion.PAN_RIGHT,
    Direction.UP: Motion.TILT_UP,
    Direction.DOWN: Motion.TILT_DOWN,
    Direction.IN: Motion.ZOOM_IN,
    Direction.OUT: Motion.ZOOM_OUT,
    Direction.CLOCKWISE: Motion.ROLL_CLOCKWISE,
    Direction.COUNTERCLOCKWISE: Motion.ROLL_COUNTERCLOCKWISE,
}
OPPOSITE: Mapping[Direction, Direction] = {
    Direction.LEFT: Direction.RIGHT,
    Direction.RIGHT: Direction.LEFT,
    Direction.UP: Direction.DOWN,
    Direction.DOWN: Direction.UP,
    Direction.IN: Direction.OUT,
    Direction.OUT: Direction.IN,
    Direction.CLOCKWISE: Direction.COUNTERCLOCKWISE,
    Direction.COUNTERCLOCKWISE: Direction.CLOCKWISE,
}


@dataclass(frozen=True, slots=True)
class Verb:
    """The directions that a verb takes, and its motion where it has none (default).

    camera_only: only a camera does this, whatever the subject. rolls: left and right mean a
    rotation about the viewing axis. comparative: only words like "bigger" are directions, also
    with an object between, as in "make the cat bigger".
    """

    directions: frozenset[Direction]
    default: Motion | None = None
    camera_only: bool = False
    rolls: bool = False
    comparative: bool = False


def _table(verb: Verb, words: str) -> dict[str, Verb]:
    return dict.fromkeys(words.split(), verb)


VERBS: Mapping[str, Verb] = {
    **_table(Verb(ANY, Motion.ZOOM_IN, camera_only=True), "zoom dolly"),
    **_table(Verb(PLANE, Motion.PAN_RIGHT, camera_only=True), "pan"),
    **_table(Verb(PLANE | ROTATION, Motion.TILT_UP, camera_only=True), "tilt"),
    **_table(Verb(ANY, camera_only=True), "truck track tracking"),
    **_table(Verb(PLANE, camera_only=True), "crane boom pedestal jib"),
    **_table(
        Verb(ANY),
        "move movement motion slide glide go shift travel step sweep swing swivel orbit arc fly "
        "head walk run race rush dash whip drive veer strafe sidestep scroll creep inch ease edge "
        "crawl punch nudge sail steer proceed jump lead follow slip tip traverse circle swipe "
        "crab ride come scale press scan drag",
    ),
    **_table(Verb(PLANE | ROTATION), "look turn face gaze glance aim point peer peek angle pitch"),
    **_table(Verb(ANY, Motion.DRIFT), "drift float wander hover"),
    **_table(Verb(ANY, Motion.ZOOM_IN), "push plunge dive"),
    **_table(Verb(ANY, Motion.ZOOM_OUT), "pull"),
    **_table(Verb(ANY, Motion.ROLL_CLOCKWISE, rolls=True), "lean"),
    **_table(
        Verb(PLANE | ROTATION, Motion.ROLL_CLOCKWISE, rolls=True),
        "roll rotate rotation spin twist twirl revolve cant bank whirl dutch",
    ),
    **_table(Verb(DEPTH), "get draw crop home focus"),
    **_table(Verb(DEPTH, comparative=True), "bring make become grow appear"),
    **_table(Verb(PLANE), "show reveal"),
    **_table(Verb(frozenset(), Motion.ZOOM_IN), "approach advance enter near"),
    **_table(Verb(frozenset(), Motion.ZOOM_IN, camera_only=True), "enlarge magnify tighten narrow"),
    **_table(Verb(frozenset(), Motion.ZOOM_OUT), "retreat recede withdraw shrink"),
    **_table(Verb(frozenset(), Motion.ZOOM_OUT, camera_only=True), "widen expand"),
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
    """Return a table from each form of each verb to (the verb, "" or "s", "ing", "ed")."""
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


def _directions(direction: Direction, words: str) -> dict[str, Direction]:
    return dict.fromkeys(words.split(), direction)


DIRECTIONS: Mapping[str, Direction] = {
    **_directions(Direction.LEFT, "left leftward leftwards lefthand leftmost"),
    **_directions(Direction.RIGHT, "right rightward rightwards righthand rightmost"),
    **_directions(Direction.UP, "up upward upwards upwardly higher skyward skywards"),
    **_directions(Direction.DOWN, "down downward downwards downwardly lower"),
    **_directions(
        Direction.IN, "in inward inwards closer nearer forward forwards ahead deeper bigger larger"
    ),
    **_directions(Direction.IN, "tighter into toward towards onto close near"),
    **_directions(
        Direction.OUT, "out outward outwards away back backward backwards farther further off"
    ),
    **_directions(Direction.OUT, "reverse rearward rearwards"),
    **_directions(Direction.OUT, "smaller wider wide"),
    **_directions(Direction.CLOCKWISE, "clockwise cw"),
    **_directions(Direction.COUNTERCLOCKWISE, "counterclockwise anticlockwise ccw widdershins"),
}
COMPARATIVES = words("closer nearer bigger larger tighter smaller farther further wider")

# Parts of a picture that imply a direction, as in "tilt to the sky".
PLACES: Mapping[str, Direction] = {
    **_directions(Direction.UP, "sky top ceiling heaven heavens roof"),
    **_directions(Direction.DOWN, "ground bottom floor feet base"),
}

CAMERA = words(
    "camera cam view viewpoint perspective shot frame lens we viewer pov you drone framing it "
    "operator footage video clip vantage viewfinder gimbal angle us"
)
CONTENT = words(
    "scene content contents picture image photo photograph everything scenery background ground "
    "earth world"
)
TARGETS = CONTENT | words("subject object")
"""What a camera may go to; what a subject or an object does is no motion of the camera."""
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
        "direction way all please let lets let's us i want would like can could you should will "
        "now just only very more some make then and so smoothly smooth steadily steady "
        "continuously constantly evenly while is are be being keep keeps keeping start starts "
        "starting begin begins beginning continue continues continuing give gives me my our this "
        "that its slowly have has having do does get need needs needed try first finally effect "
        "style cinematic cinematically hand handed hands quite really too much fairly rather "
        "pretty perform performing executes execute shows show showing shooting single one long "
        "nice apply add use using by at again motion movement move moving horizontally vertically "
        "horizontal vertical here there even ever kindly perfectly completely totally absolutely "
        "entire entirely whole simply fluid fluidly elegant elegantly wide degree degrees axis "
        "sideways sidewise laterally barrel lateral full high low great pace rate speed sir"
    )
)
NEGATORS = words(
    "no not without never avoid don't dont doesn't doesnt isn't isnt won't nor neither instead "
    "stop zero cannot can't cant shouldn't mustn't aren't rather none lacking"
)
STILL = words("static tripod lockdown")
STEADY = words(
    "still steady fixed frozen freeze stable hold holding lock stay stays rest put remain remains "
    "stand stands stationary motionless unmoving immobile locked unchanging"
)
"""Of the camera only in a clause that is about nothing else, as SHAKEN is."""
SHAKY = words("handheld shaky shakey shakycam shakily earthquake")
SHAKEN = words(
    "jittery wobbly unsteady unstable jerky nervous bumpy turbulence turbulent trembling wobbling "
    "quaking juddering"
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
