"""English phrases for camera motions, from which training prompts are made.

A family is one way of speaking; whole families are held out to measure phrases that were never
seen. `{s}` stands for the picture's subject, `|` parts alternatives.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from storage.domain.camera.motion import Motion

PhraseFamily: TypeAlias = str | tuple[str, str]
"""Whole phrases, or verbs and the directions that follow them."""

PhraseFamilies: TypeAlias = Mapping[Motion, Sequence[PhraseFamily]]


def alternatives(text: str) -> list[str]:
    """Split a table's text at its bars."""
    return [part.strip() for part in text.split("|") if part.strip()]


SUBJECTS = alternatives(
    "the cat | a dog | the castle | the old house | her face | the mountain | a red flower"
    "| the sea| the bird | the subject | the statue | him | it | the boat | the man's eyes "
    "| the picture| the astronaut | a cup of coffee | the rocket | the city skyline | the horse "
    "| the tree| a girl| the motorcycle | the moon | the bridge | an owl | the dragon "
    "| the window | the building"
)
SCENES = alternatives(
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
SLOW = alternatives(
    "slowly | gently | gradually | softly | subtly | slightly | a little | very slowly | leisurely"
    "| just a bit | in a slow way | at a slow pace | lightly | unhurriedly"
)
FAST = alternatives(
    "quickly | fast | rapidly | swiftly | suddenly | very fast | at high speed | dramatically"
    "| abruptly | in a rush | hard | at full speed | with great speed | strongly"
)
STEADY = alternatives("smoothly | steadily | smoothly and continuously | please | now | a while")
OPENINGS = alternatives(
    "camera | the camera | the view | the shot | the lens | the viewpoint | let the camera"
    "| have the camera | make the camera | we | the frame | make it | please | a drone"
    "| the camera will"
)

IN = "in | inward | in closer | in on {s} | in toward {s} | in towards {s} | in to {s}"
NEAR = "closer | closer to {s} | nearer | nearer to {s} | towards {s} | toward {s} | up to {s}"
AHEAD = "forward | forwards | ahead | forward to {s} | into {s} | into the scene | into the picture"
OUT = "out | outward | out from {s} | out wide | out of the scene"
AWAY = (
    "away | away from {s} | further away | farther away | farther from {s} | off into the distance"
)
BACK = "back | backward | backwards | back from {s} | in reverse | rearward"
LEFT = (
    "left | to the left | leftward | leftwards | toward the left | to the left side | left slowly"
)
RIGHT = "right | to the right | rightward | rightwards | toward the right | to the right side"
UP = "up | upward | upwards | up to the sky | toward the top | up high | up over {s}"
DOWN = (
    "down | downward | downwards | down to the ground | toward the bottom | down low | down to {s}"
)
CLOCK = "clockwise | in a clockwise direction | clockwise around the centre | like a clock"
COUNTER = (
    "counterclockwise | counter-clockwise | anticlockwise | anti-clockwise | counter clockwise "
    "| against the clock | in a counterclockwise direction"
)
GLIDES = "move | glide | drift | float | travel | go | come | fly | ride"
WALKS = "walk | run | step | rush | race | drive | wander | inch"
SIDEWAYS = "slide | shift | sweep | scroll | strafe | swing | truck | track | crab"
TURNS = "rotate | spin | turn | twist | revolve | whirl"

FAMILIES: PhraseFamilies = {
    Motion.ZOOM_IN: (
        ("zoom | punch | crop | scale | close | crash zoom", IN + "|" + NEAR),
        ("dolly | push | track | truck", IN + "|" + AHEAD),
        (GLIDES, NEAR + "|" + AHEAD + "| in"),
        (WALKS, NEAR + "|" + AHEAD),
        ("get | draw | creep | press | lean | edge", NEAR + "| in close | in"),
        (
            "zoom-in | push-in | dolly-in | zoom in shot | a push in shot | dolly in shot"
            "| slow zoom in | forward dolly | zooming toward {s} | zoom into {s}"
        ),
        (
            "approach {s} | approaching {s} | close-up of {s} | a close up on {s} | closeup"
            "| magnify {s} | enlarge {s} | make {s} bigger | make {s} larger | bring {s} closer"
            "| {s} fills the frame | {s} grows larger | {s} gets bigger | {s} comes nearer"
        ),
        (
            "tighten the shot | tighten the frame on {s} | narrow the view | advance on {s}"
            "| show {s} in detail | see the details up close | home in on {s} | focus in on {s}"
            "| forward motion | forward camera movement | first person moving ahead"
        ),
    ),
    Motion.ZOOM_OUT: (
        ("zoom | scale | crash zoom", OUT + "|" + AWAY + "| back"),
        ("dolly | pull | track | truck", OUT + "|" + BACK + "|" + AWAY),
        (GLIDES, BACK + "|" + AWAY),
        (WALKS, BACK + "|" + AWAY),
        ("get | draw | back | step | ease | edge", AWAY + "| back | off | back off"),
        (
            "zoom-out | pull-out | pull-back | pullback | dolly-out | zoom out shot"
            "| a pull back shot | reverse dolly | backward dolly | pull out shot"
        ),
        (
            "retreat from {s} | retreat | withdraw | recede | receding view | leave {s} behind"
            "| widen the shot | widen the view | wide shot reveal | reveal the surroundings"
            "| reveal the whole scene | reveal more of the scene | show more of the surroundings"
        ),
        (
            "make {s} smaller | {s} gets smaller | {s} shrinks away | {s} becomes tiny"
            "| shrink {s} | see the bigger picture | show the bigger picture | backward motion"
            "| backward camera movement | increase the distance to {s} | farther view of {s}"
        ),
    ),
    Motion.PAN_LEFT: (
        ("pan", LEFT + "| over to the left"),
        (SIDEWAYS, LEFT + "| sideways to the left"),
        (GLIDES, LEFT),
        ("look | turn | face | gaze | peek | glance", LEFT),
        (
            "left pan | pan-left | leftward pan | a pan from right to left | from right to left"
            "| sweep from right to left | truck-left | show what is on the left "
            "| lateral move left| reveal the left side | left tracking shot "
            "| horizontal pan to the left"
        ),
    ),
    Motion.PAN_RIGHT: (
        ("pan", RIGHT + "| over to the right"),
        (SIDEWAYS, RIGHT + "| sideways to the right"),
        (GLIDES, RIGHT),
        ("look | turn | face | gaze | peek | glance", RIGHT),
        (
            "right pan | pan-right | rightward pan | a pan from left to right| from left to right "
            "| sweep from left to right | truck-right | lateral move right"
            "| show what is on the right | reveal the right side | right tracking shot"
            "| horizontal pan to the right"
        ),
    ),
    Motion.TILT_UP: (
        ("tilt | pan | angle | pitch", UP),
        ("crane | boom | pedestal | jib", UP + "| skyward"),
        (GLIDES, UP),
        ("look | gaze | glance | peer | turn", UP + "| up at {s} | up at the sky"),
        ("rise | raise | lift | climb | ascend | soar | elevate | levitate", UP),
        (
            "upward tilt | tilt-up | from bottom to top | a rising shot | rising camera"
            "| ascending shot | ascend | crane shot upward | take off | show the sky above"
            "| head for the sky| vertical pan up | move higher | go higher | higher and higher "
            "| elevator up"
        ),
    ),
    Motion.TILT_DOWN: (
        ("tilt | pan | angle | pitch", DOWN),
        ("crane | boom | pedestal | jib", DOWN),
        (GLIDES, DOWN),
        ("look | gaze | glance | peer | turn", DOWN + "| down at {s}"),
        ("drop | lower | sink | descend | fall | dip | plunge", DOWN),
        (
            "downward tilt | tilt-down | from top to bottom | a descending shot | descend"
            "| lowering camera | lower the camera | crane shot downward | show the ground below"
            "| vertical pan down | move lower | go lower | lower and lower | elevator down"
        ),
    ),
    Motion.ROLL_CLOCKWISE: (
        ("roll | barrel roll | tilt", CLOCK + "| to the right | right"),
        (TURNS, CLOCK),
        (
            "clockwise roll | clockwise rotation | clockwise spin | bank right| bank to the right"
            "| dutch angle to the right | cw rotation | rotate cw | roll cw"
            "| lean to the right side"
        ),
    ),
    Motion.ROLL_COUNTERCLOCKWISE: (
        ("roll | barrel roll | tilt", COUNTER + "| to the left | left"),
        (TURNS, COUNTER),
        (
            "counterclockwise roll | anticlockwise rotation | counterclockwise spin | bank left"
            "| bank to the left | dutch angle to the left | ccw rotation | rotate ccw | roll ccw"
            "| lean to the left side | widdershins"
        ),
    ),
    Motion.SHAKE: (
        (
            "shake | camera shake | shaky cam | shaking camera | shaky footage | shakes | shaky"
            "| shake the camera | shaking violently | the view shakes"
        ),
        "handheld | hand-held camera | handheld footage | handheld shot",
        (
            "tremble | trembling | jitter | jittery | vibrate | vibration | wobble | wobbling"
            "| quiver | rattle | judder"
        ),
        (
            "earthquake | quake | rumble | rumbling ground | bumpy ride | bumpy | unsteady| jolt "
            "| jolting | jerky | nervous camera | wobbly view | turbulence"
        ),
    ),
    Motion.STATIC: (
        (
            "static | static camera | static shot | hold still | hold the shot | stay still"
            "| still camera | still shot | keep still | camera holds still"
        ),
        (
            "no camera movement | no motion | no movement | without moving | do not move"
            "| don't move | nothing moves | never moves | without camera motion"
            "| no panning or zooming"
        ),
        (
            "fixed camera | locked-off shot | locked camera | tripod shot | on a tripod"
            "| stationary camera | stationary | motionless | frozen | freeze | steady shot"
            "| immobile | unmoving camera | stays in place | remains fixed | hold | stand still"
        ),
    ),
}
