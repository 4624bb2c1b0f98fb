"""Makes and measures all clips of one evaluation, and writes them to a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_worker.lab.evaluate import contact_sheet, ground_truth, metrics
from gpu_worker.lab.evaluate.clip_evaluator import ClipEvaluator, ClipSpec, EvaluatedClip
from gpu_worker.lab.evaluate.ground_truth import Recode
from gpu_worker.lab.evaluate.metrics import Value
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.lab.evaluate.prompts import Prompts
from storage.domain.camera.motion import Camera, Motion

SHEET = "contact_sheet.png"
SHEET_ROWS = 60


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated, and the folder for its clips.

    all_prompts: each picture gets every prompt of a motion; otherwise they alternate. compared is
    the number of pictures for the comparisons with the ground truth and without a camera.
    """

    evaluator: ClipEvaluator
    recode: Recode
    photographs: Sequence[Photograph]
    prompts: Prompts
    out: Path
    all_prompts: bool
    compared: int
    log: Callable[[str], None]

    def run(self) -> dict[str, Value]:
        """Make, measure and write everything; return the metrics."""
        self.out.mkdir(parents=True, exist_ok=True)
        clips = [self._clip(spec, photograph) for spec, photograph in self._specs()]
        shown = choose_for_sheet(clips, len(self.prompts))
        (self.out / SHEET).write_bytes(contact_sheet.draw(shown))
        few = self.photographs[: self.compared]
        return {
            **metrics.clip_metrics(clips),
            "against_moved_picture": metrics.comparison_metrics(self._comparisons(few)),
            "camera_off": metrics.camera_off_metrics(list(self._without_camera(few))),
        }

    def _specs(self) -> Iterator[tuple[ClipSpec, Photograph]]:
        for number, photograph in enumerate(self.photographs):
            for motion, prompts in self.prompts.items():
                for index, prompt in enumerate(prompts):
                    if self.all_prompts or index == number % len(prompts):
                        yield ClipSpec(photograph.stem, motion, index, prompt, Camera()), photograph

    def _clip(self, spec: ClipSpec, photograph: Photograph) -> EvaluatedClip:
        clip = self.evaluator.evaluate(spec, self.evaluator.fit(photograph))
        (self.out / f"{spec.name}.mp4").write_bytes(clip.video)
        seen = "as asked" if clip.as_expected else f"looks like {clip.dominant}"
        self.log(f"{spec.name}: {seen}, {clip.psnr:.1f} dB, {clip.seconds:.1f} s")
        return clip

    def _comparisons(
        self, photographs: Sequence[Photograph]
    ) -> Iterator[tuple[Motion, dict[str, float]]]:
        for photograph in photographs:
            for motion in ground_truth.MOTIONS:
                found = ground_truth.compare(self.evaluator, self.recode, photograph, motion)
                self.log(
                    f"{photograph.stem} {motion} against its true crop: error "
                    f"{found['model_error']:.2f}, moved picture alone {found['moved_error']:.2f}"
                )
                yield motion, found

    def _without_camera(self, photographs: Sequence[Photograph]) -> Iterator[EvaluatedClip]:
        for photograph in photographs:
            for motion, prompts in self.prompts.items():
                spec = ClipSpec(photograph.stem, motion, 0, prompts[0], Camera(strength=0.0))
                clip = self.evaluator.evaluate(spec, self.evaluator.fit(photograph))
                self.log(f"{spec.name} with the camera off: {clip.dominant}")
                yield clip


def choose_for_sheet(clips: Sequence[EvaluatedClip], motions: int) -> list[EvaluatedClip]:
    """Return about SHEET_ROWS clips, evenly of every motion, and after them all missed ones."""
    step = max(1, -(-len(clips) // SHEET_ROWS))
    # From one picture to the next the choice moves on, or it would always skip the same motions.
    even = [clip for n, clip in enumerate(clips) if (n + n // motions) % step == 0]
    return even + [clip for clip in clips if not clip.as_expected and clip not in even]
