"""Course: all clips of one evaluation, one after the other, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_worker.lab import contact_sheet
from gpu_worker.lab.contact_sheet import ContactSheetRow
from gpu_worker.lab.evaluate import ground_truth as crops
from gpu_worker.lab.evaluate import metrics as report
from gpu_worker.lab.evaluate.clip_evaluator import Asked, Bench, Made
from gpu_worker.lab.evaluate.ground_truth import Recode
from gpu_worker.lab.evaluate.metrics import Value
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.lab.evaluate.prompts import Prompts
from gpu_worker.media import motion
from gpu_worker.media.encode import encode
from storage.domain.camera.motion import Camera

SIZE_LIMIT = 10 * 2**20  # bytes of one file
SHEET = "contact_sheet.png"
_SHEET_ROWS = 60


@dataclass(frozen=True)
class Course:
    """What is evaluated, and where the clips go.

    every says that each picture gets all wordings of a motion; otherwise they take turns.
    compared is the number of pictures for the comparisons with the moved picture and without
    a camera.
    """

    bench: Bench
    recode: Recode
    photographs: Sequence[Photograph]
    prompts: Prompts
    out: Path
    every: bool
    compared: int
    say: Callable[[str], None]

    def run(self) -> dict[str, Value]:
        """Make, measure and write everything; return the report."""
        self.out.mkdir(parents=True, exist_ok=True)
        clips = [self._made(asked, photograph) for asked, photograph in self._asked()]
        shown = chosen(clips, len(self.prompts))
        (self.out / SHEET).write_bytes(contact_sheet.draw([_row(made) for made in shown]))
        few = self.photographs[: self.compared]
        return {
            **report.of_clips(clips),
            "against_moved_picture": report.of_comparisons(list(self._comparisons(few))),
            "camera_off": report.of_camera_off(list(self._without_camera(few))),
        }

    def _asked(self) -> Iterator[tuple[Asked, Photograph]]:
        for turn, photograph in enumerate(self.photographs):
            for wanted, wordings in self.prompts.items():
                for index, prompt in enumerate(wordings):
                    if self.every or index == turn % len(wordings):
                        yield Asked(photograph.stem, wanted, index, prompt), photograph

    def _made(self, asked: Asked, photograph: Photograph) -> Made:
        made = self.bench.make(asked, self.bench.fitted(photograph))
        fps = self.bench.row.defaults.fps
        clip = encode(made.frames, fps, SIZE_LIMIT, {"comment": asked.prompt}).data
        (self.out / f"{asked.name}.mp4").write_bytes(clip)
        seen = motion.dominant(made.measured)
        verdict = "as asked" if made.obeyed else f"looks like {seen}"
        self.say(f"{asked.name}: {verdict}, {made.psnr:.1f} dB, {made.seconds:.1f} s")
        return made

    def _comparisons(self, photographs: Sequence[Photograph]) -> Iterator[crops.Comparison]:
        for photograph in photographs:
            for wanted in crops.MOTIONS:
                found = crops.compare(self.bench, self.recode, photograph, wanted)
                self.say(
                    f"{photograph.stem} {wanted} against its true crop: error "
                    f"{found.model_error:.2f}, moved picture alone {found.moved_error:.2f}"
                )
                yield found

    def _without_camera(self, photographs: Sequence[Photograph]) -> Iterator[Made]:
        for photograph in photographs:
            for wanted, wordings in self.prompts.items():
                camera = Camera(strength=0.0)
                asked = Asked(photograph.stem, wanted, 0, wordings[0], camera)
                made = self.bench.make(asked, self.bench.fitted(photograph))
                self.say(f"{asked.name} with the camera off: {motion.dominant(made.measured)}")
                yield made


def chosen(clips: Sequence[Made], motions: int) -> list[Made]:
    """Return clips for the sheet: evenly many, of every motion, and all misses after them."""
    step = max(1, -(-len(clips) // _SHEET_ROWS))
    # From one picture to the next the choice moves on, or it would always skip the same motions.
    even = [made for n, made in enumerate(clips) if (n + n // motions) % step == 0]
    return even + [made for made in clips if not made.obeyed and made not in even]


def _row(made: Made) -> ContactSheetRow:
    seen = motion.dominant(made.measured)
    lines = (made.asked.stem, made.asked.motion, made.asked.prompt, f"seen: {seen}")
    return ContactSheetRow(lines, made.frames, made.obeyed)
