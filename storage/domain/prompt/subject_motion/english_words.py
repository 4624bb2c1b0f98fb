"""English vocabulary about what moves in a picture: verbs, who or what acts, and small words."""

from __future__ import annotations

from collections.abc import Mapping

from storage.domain.prompt.lexicon import VERBS, words

OWN = words(
    "dance wave nod blink wink laugh giggle cry weep talk speak whisper sing shout scream howl "
    "bark meow roar chew eat drink sip swallow breathe clap hug kiss embrace bow kneel wag flap "
    "flutter gallop trot swim paddle sneeze yawn cough chirp chase hunt wrestle fight march skate "
    "ski surf juggle knit type write draw paint cook chop stir play perform read blow sway rustle "
    "bloom blossom wilt flicker twinkle sparkle flow ripple splash drip pour crash erupt explode "
    "burst collapse crumble break shatter melt evaporate swirl billow spread unfold unfurl open "
    "close hop leap skip limp crouch stomp stamp kick punch throw catch grab pick toss grow snow "
    "rain transform morph age sprint jog stroll stride tiptoe graze peck lick scratch purr pounce "
    "waggle wriggle squirm shiver stretch salute cheer applaud celebrate undress dress comb brush "
    "smoke light ignite extinguish boil steam bubble freeze thaw fade vanish disappear emerge "
    "land arrive depart leave attack charge duel slash strike shoot fire meander gush trickle "
    "spray spout tumble topple sprout shrug gesture beckon greet wake awaken flee escape crackle "
    "rear gnaw nibble dig plough swoop glow hatch drool scatter scurry waddle prowl stalk slither "
    "rock set do"
)
"""Verbs of which a camera does nothing."""

STATES = words(
    "smile frown grin smirk pout sit stand look gaze stare glance face lean peer peek glow set "
    "freeze hold carry wear read light fade blossom bloom dress smoke kneel crouch land open "
    "close spread stretch write draw paint emerge fire"
)
"""Verbs whose participle says how the picture is: "a woman smiling"; their other forms ask."""

HANDLING = words(
    "lift raise lower turn move shake rotate spin swing roll push pull tilt drop bend twist nudge "
    "stop start put take give pick wave nod open close blink spread wiggle wag animate"
)
"""Verbs that ask for a motion where a body or a part of it is their object: "move her arms"."""

CHANGES = words("turn transform morph change convert")
"""Verbs of a change into something else: "turn him into a werewolf"."""

NOUNS = words(
    "wave fall fly rock roll step play drop look drink smile dance turn jump walk run ride drive "
    "swing spin laugh cry fight burn bloom glow flow drip crash splash sparkle ripple snow rain "
    "kiss hug cook sail skate ski surf dive climb rise leap kick punch bounce bow clap cheer "
    "march shake light fire smoke steam type brush comb spray land strike charge slash attack "
    "stretch dress age face head move drift circle race dash sweep slide hop skip stroll jog "
    "sprint break spread stand hunt duel close roar bubble leave set blossom throw catch do"
)
"""Verbs whose plain form, with or without an s, is a noun as well."""

WHOLE_PATHS = words(
    "run go rise lead climb wind stretch fall drop turn cross pass sweep curve descend ascend "
    "head travel move slope twist snake meander end open spread lean stand loom stride march"
)
"""Verbs that say where a thing at rest lies: "a road runs through the hills"."""

AT_REST = words(
    "road roads path paths street streets trail trails stairs staircase stairway steps wall walls "
    "fence fences bridge bridges tower towers mountain mountains hill hills building buildings "
    "skyscraper skyscrapers track tracks pipe pipes corridor hallway tunnel river rivers coast "
    "coastline cliff cliffs peak peaks ladder lane alley valley house houses castle cathedral "
    "church forest field fields desert skyline pillar pillars column columns highway railway "
    "rails line lines stick window windows door roof canyon"
)

LIVING = words(
    "he she they who i somebody someone everybody everyone people person persons man men woman "
    "women girl girls boy boys kid kids child children baby babies lady ladies guy guys couple "
    "family crowd crowds player players dancer dancers singer singers ballerina soldier soldiers "
    "knight knights king queen prince princess wizard witch warrior warriors samurai ninja pirate "
    "astronaut cowboy sailor fisherman farmer chef doctor nurse teacher student students bride "
    "groom actor actress model musician band guitarist pianist drummer athlete runner runners "
    "swimmer rider cyclist driver pilot police officer firefighter monk nun priest angel demon "
    "devil ghost vampire zombie zombies werewolf monster monsters giant alien aliens robot robots "
    "android cyborg character characters figure figures subject subjects object objects hero "
    "heroine villain grandma grandmother grandpa grandfather mother father mom dad mum sister "
    "brother friend friends human humans army elf elves dwarf fairy mermaid goddess god clown "
    "santa snowman puppet doll animal animals dog dogs puppy puppies cat cats kitten kittens "
    "horse horses pony foal cow cows bull sheep lamb goat goats pig pigs rabbit rabbits bunny "
    "hare fox foxes wolf wolves bear bears panda pandas lion lions lioness tiger tigers leopard "
    "cheetah elephant elephants giraffe zebra monkey monkeys ape gorilla deer stag moose camel "
    "donkey squirrel mouse mice rat hamster bat bats bird birds parrot parrots eagle eagles hawk "
    "falcon owl owls crow crows raven ravens seagull seagulls gull gulls duck ducks goose geese "
    "swan swans chicken chickens hen rooster penguin penguins flamingo flamingos peacock "
    "hummingbird hummingbirds sparrow pigeon pigeons dove doves fish fishes shark sharks whale "
    "whales dolphin dolphins seal otter octopus jellyfish turtle turtles tortoise frog frogs toad "
    "snake snakes lizard gecko crocodile dinosaur dinosaurs dragon dragons unicorn phoenix "
    "butterfly butterflies bee bees dragonfly insect insects spider ant ants ladybug caterpillar "
    "snail crab axolotl 1girl 1boy"
)

MOVERS = words(
    "leaf leaves snow snowflakes snowflake rain raindrops raindrop water waves wave smoke steam "
    "mist fog flames flame fire embers sparks clouds cloud petals petal flag flags hair curtain "
    "curtains dust sand ash ashes feather feathers bubbles bubble confetti fireworks balloon "
    "balloons lightning sun moon grass reeds branches tail ears wings wing arm arms hand hands "
    "leg legs eye eyes eyelids lips mouth head finger fingers foot paw paws car cars train trains "
    "truck trucks bus boat boats ship ships plane planes airplane rocket helicopter bicycle bike "
    "motorcycle wheel wheels fan windmill blades ball lights light shadow shadows dress skirt "
    "cape scarf cloak tide stream waterfall lava sky candle candles lantern lanterns tree trees "
    "flower flowers wind blood tears tear"
)

HOMONYMS = words("leave wave fly blossom do rock set")
"""Verbs of NOUNS whose form with an s is a noun unless somebody acts."""

UNORDERED = words("rain snow light fire age steam smoke bubble ripple animate")
"""Verbs that, as the only word of a clause, tell nobody to do anything."""

PRONOUNS = words("he she they who i everyone everybody someone somebody")
OBJECTS = words("him her them his their its himself herself themselves itself")
PARTS = words(
    "head heads face eye eyes eyelid eyelids mouth lips ear ears tail wing wings arm arms hand "
    "hands finger fingers leg legs foot feet paw paws shoulder shoulders body hair tongue trunk "
    "light lights smoke water fire flames"
)
"""What is moved by itself where somebody asks to move it."""

CAUSING = words("make let have help want making letting having")
MODALS = words("will should must can could would may might shall to does do did ll")
BEING = words(
    "is are was were be been being starts start starting begins begin beginning keeps keep"
)
DETERMINERS = words(
    "the a an this that these those his her their its my your our one some every each no two "
    "three four five six many several both all"
)
SMALL = words(
    "in on at by of to from with without into onto over under through across along around behind "
    "before after beside near past toward towards against between among above below for off out "
    "up down away back forward backward backwards forwards together apart again here there "
    "outside inside left right while and or as but then than like until only just also very too "
    "still always who that which it each other her his its their the a an my your our him them me "
    "us you home upward upwards downward downwards gently slowly quickly softly happily wildly "
    "sadly quietly"
)
"""Words that may follow a verb, and are not nouns that it describes."""
NOBODY = words("nothing nobody none noone neither")
AIDED = BEING | MODALS | words("s re re")

COMPOUNDS = frozenset(
    tuple(pair.split())
    for pair in [
        "ocean waves",
        "sea waves",
        "sound waves",
        "heat waves",
        "radio waves",
        "water falls",
        "dog walks",
        "tree leaves",
        "bread rolls",
        "rocking horse",
        "jumping spider",
        "spinning wheel",
        "flying fish",
        "flying squirrel",
        "racing car",
        "racing cars",
        "sailing boat",
        "sailing boats",
        "sailing ship",
        "moving truck",
        "hunting dog",
        "reading light",
        "running lights",
    ]
)
"""Two words that name a thing, although one of them could be a verb."""

_DOUBLED = words(
    "nod hug wag flap swim chop drip skip hop jog grab run step drop dip slip spin stop put dig "
    "sit trot stir set"
)
_IRREGULAR: Mapping[str, tuple[str, str]] = {
    "flies": ("fly", "s"),
    "cries": ("cry", "s"),
    "goes": ("go", "s"),
    "does": ("do", "s"),
}


def forms_of(verbs: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Return a table from each form of each verb to (the verb, "" or "s" or "ing")."""
    forms: dict[str, tuple[str, str]] = {}
    for verb in verbs:
        stem = verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb
        stem = verb + verb[-1] if verb in _DOUBLED else stem
        hissing = verb.endswith(("sh", "ch", "x", "ss"))
        forms[verb + ("es" if hissing else "s")] = (verb, "s")
        forms[stem + "ing"] = (verb, "ing")
        forms[verb] = (verb, "")
    return forms | {word: pair for word, pair in _IRREGULAR.items() if pair[0] in verbs}


SHARED = frozenset(VERBS) - words(
    "dolly pan motion movement track tracking focus crop scale scan press home near angle pitch "
    "show reveal bring make become appear enlarge magnify tighten narrow widen expand dutch cant "
    "truck crane boom pedestal jib vibration tremor rotation get"
)
"""Verbs of which a camera does some and living or moving things others."""
FORMS = forms_of(OWN | SHARED | STATES | HANDLING | CHANGES)
