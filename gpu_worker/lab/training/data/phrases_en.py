"""English wordings of camera motions: families of verbs with where they lead, and nouns.

A family is one way of speaking; whole families are held out to measure what was not listed.
`{s}` stands for the picture's subject.
"""

from dataclasses import dataclass

from storage.domain.camera.motion import Motion


@dataclass(frozen=True)
class Family:
    """One way to name a motion: verbs, the words that follow them, and whole phrases."""

    motion: Motion
    verbs: str = ""
    leads: str = ""
    phrases: str = ""


def listed(text: str) -> list[str]:
    """Split a table's text at its bars."""
    return [part.strip() for part in text.split("|") if part.strip()]


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
    "counterclockwise | counter-clockwise | anticlockwise | anti-clockwise | counter clockwise"
    " | against the clock | in a counterclockwise direction"
)
GLIDES = "move | glide | drift | float | travel | go | come | fly | ride"
WALKS = "walk | run | step | rush | race | drive | wander | inch"
SIDEWAYS = "slide | shift | sweep | scroll | strafe | swing | truck | track | crab"
TURNS = "rotate | spin | turn | twist | revolve | whirl"

FAMILIES = (
    Family(Motion.ZOOM_IN, "zoom | punch | crop | scale | close | crash zoom", IN + "|" + NEAR),
    Family(Motion.ZOOM_IN, "dolly | push | track | truck", IN + "|" + AHEAD),
    Family(Motion.ZOOM_IN, GLIDES, NEAR + "|" + AHEAD + "| in"),
    Family(Motion.ZOOM_IN, WALKS, NEAR + "|" + AHEAD),
    Family(Motion.ZOOM_IN, "get | draw | creep | press | lean | edge", NEAR + "| in close | in"),
    Family(
        Motion.ZOOM_IN,
        phrases="zoom-in | push-in | dolly-in | zoom in shot | a push in shot | dolly in shot"
        "| slow zoom in | forward dolly | zooming toward {s} | zoom into {s}",
    ),
    Family(
        Motion.ZOOM_IN,
        phrases="approach {s} | approaching {s} | close-up of {s} | a close up on {s} | closeup"
        "| magnify {s} | enlarge {s} | make {s} bigger | make {s} larger | bring {s} closer"
        "| {s} fills the frame | {s} grows larger | {s} gets bigger | {s} comes nearer",
    ),
    Family(
        Motion.ZOOM_IN,
        phrases="tighten the shot | tighten the frame on {s} | narrow the view | advance on {s}"
        "| show {s} in detail | see the details up close | home in on {s} | focus in on {s}"
        "| forward motion | forward camera movement | first person moving ahead",
    ),
    Family(Motion.ZOOM_OUT, "zoom | scale | crash zoom", OUT + "|" + AWAY + "| back"),
    Family(Motion.ZOOM_OUT, "dolly | pull | track | truck", OUT + "|" + BACK + "|" + AWAY),
    Family(Motion.ZOOM_OUT, GLIDES, BACK + "|" + AWAY),
    Family(Motion.ZOOM_OUT, WALKS, BACK + "|" + AWAY),
    Family(
        Motion.ZOOM_OUT, "get | draw | back | step | ease | edge", AWAY + "| back | off | back off"
    ),
    Family(
        Motion.ZOOM_OUT,
        phrases="zoom-out | pull-out | pull-back | pullback | dolly-out | zoom out shot"
        "| a pull back shot | reverse dolly | backward dolly | pull out shot",
    ),
    Family(
        Motion.ZOOM_OUT,
        phrases="retreat from {s} | retreat | withdraw | recede | receding view | leave {s} behind"
        "| widen the shot | widen the view | wide shot reveal | reveal the surroundings"
        "| reveal the whole scene | reveal more of the scene | show more of the surroundings",
    ),
    Family(
        Motion.ZOOM_OUT,
        phrases="make {s} smaller | {s} gets smaller | {s} shrinks away | {s} becomes tiny"
        "| shrink {s} | see the bigger picture | show the bigger picture | backward motion"
        "| backward camera movement | increase the distance to {s} | farther view of {s}",
    ),
    Family(Motion.PAN_LEFT, "pan", LEFT + "| over to the left"),
    Family(Motion.PAN_LEFT, SIDEWAYS, LEFT + "| sideways to the left"),
    Family(Motion.PAN_LEFT, GLIDES, LEFT),
    Family(Motion.PAN_LEFT, "look | turn | face | gaze | peek | glance", LEFT),
    Family(
        Motion.PAN_LEFT,
        phrases="left pan | pan-left | leftward pan | a pan from right to left | from right to left"
        "| sweep from right to left | truck-left | show what is on the left | lateral move left"
        "| reveal the left side | left tracking shot | horizontal pan to the left",
    ),
    Family(Motion.PAN_RIGHT, "pan", RIGHT + "| over to the right"),
    Family(Motion.PAN_RIGHT, SIDEWAYS, RIGHT + "| sideways to the right"),
    Family(Motion.PAN_RIGHT, GLIDES, RIGHT),
    Family(Motion.PAN_RIGHT, "look | turn | face | gaze | peek | glance", RIGHT),
    Family(
        Motion.PAN_RIGHT,
        phrases="right pan | pan-right | rightward pan | a pan from left to right"
        "| from left to right | sweep from left to right | truck-right | lateral move right"
        "| show what is on the right | reveal the right side | right tracking shot"
        "| horizontal pan to the right",
    ),
    Family(Motion.TILT_UP, "tilt | pan | angle | pitch", UP),
    Family(Motion.TILT_UP, "crane | boom | pedestal | jib", UP + "| skyward"),
    Family(Motion.TILT_UP, GLIDES, UP),
    Family(
        Motion.TILT_UP, "look | gaze | glance | peer | turn", UP + "| up at {s} | up at the sky"
    ),
    Family(Motion.TILT_UP, "rise | raise | lift | climb | ascend | soar | elevate | levitate", UP),
    Family(
        Motion.TILT_UP,
        phrases="upward tilt | tilt-up | from bottom to top | a rising shot | rising camera"
        "| ascending shot | ascend | crane shot upward | take off | show the sky above"
        "| head for the sky"
        "| vertical pan up | move higher | go higher | higher and higher | elevator up",
    ),
    Family(Motion.TILT_DOWN, "tilt | pan | angle | pitch", DOWN),
    Family(Motion.TILT_DOWN, "crane | boom | pedestal | jib", DOWN),
    Family(Motion.TILT_DOWN, GLIDES, DOWN),
    Family(Motion.TILT_DOWN, "look | gaze | glance | peer | turn", DOWN + "| down at {s}"),
    Family(Motion.TILT_DOWN, "drop | lower | sink | descend | fall | dip | plunge", DOWN),
    Family(
        Motion.TILT_DOWN,
        phrases="downward tilt | tilt-down | from top to bottom | a descending shot | descend"
        "| lowering camera | lower the camera | crane shot downward | show the ground below"
        "| vertical pan down | move lower | go lower | lower and lower | elevator down",
    ),
    Family(Motion.ROLL_CLOCKWISE, "roll | barrel roll | tilt", CLOCK + "| to the right | right"),
    Family(Motion.ROLL_CLOCKWISE, TURNS, CLOCK),
    Family(
        Motion.ROLL_CLOCKWISE,
        phrases="clockwise roll | clockwise rotation | clockwise spin | bank right"
        "| bank to the right"
        "| dutch angle to the right | cw rotation | rotate cw | roll cw | lean to the right side",
    ),
    Family(
        Motion.ROLL_COUNTERCLOCKWISE, "roll | barrel roll | tilt", COUNTER + "| to the left | left"
    ),
    Family(Motion.ROLL_COUNTERCLOCKWISE, TURNS, COUNTER),
    Family(
        Motion.ROLL_COUNTERCLOCKWISE,
        phrases="counterclockwise roll | anticlockwise rotation | counterclockwise spin | bank left"
        "| bank to the left | dutch angle to the left | ccw rotation | rotate ccw | roll ccw"
        "| lean to the left side | widdershins",
    ),
    Family(
        Motion.SHAKE,
        phrases="shake | camera shake | shaky cam | shaking camera | shaky footage | shakes | shaky"
        "| shake the camera | shaking violently | the view shakes",
    ),
    Family(Motion.SHAKE, phrases="handheld | hand-held camera | handheld footage | handheld shot"),
    Family(
        Motion.SHAKE,
        phrases="tremble | trembling | jitter | jittery | vibrate | vibration | wobble | wobbling"
        "| quiver | rattle | judder",
    ),
    Family(
        Motion.SHAKE,
        phrases="earthquake | quake | rumble | rumbling ground | bumpy ride | bumpy | unsteady"
        "| jolt | jolting | jerky | nervous camera | wobbly view | turbulence",
    ),
    Family(
        Motion.STATIC,
        phrases="static | static camera | static shot | hold still | hold the shot | stay still"
        "| still camera | still shot | keep still | camera holds still",
    ),
    Family(
        Motion.STATIC,
        phrases="no camera movement | no motion | no movement | without moving | do not move"
        "| don't move | nothing moves | never moves | without camera motion"
        "| no panning or zooming",
    ),
    Family(
        Motion.STATIC,
        phrases="fixed camera | locked-off shot | locked camera | tripod shot | on a tripod"
        "| stationary camera | stationary | motionless | frozen | freeze | steady shot | immobile"
        "| unmoving camera | stays in place | remains fixed | hold | stand still",
    ),
)
