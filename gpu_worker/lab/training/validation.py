"""Evaluates an exported checkpoint on pictures that were held out of its training."""

from collections.abc import Sequence
from pathlib import Path

from gpu_worker.lab.evaluate import prompts
from gpu_worker.lab.evaluate.clip_evaluator import ClipEvaluator
from gpu_worker.lab.evaluate.evaluation import Evaluation
from gpu_worker.lab.evaluate.metrics import Value
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.media.encode import poster
from gpu_worker.media.frames import Frame
from gpu_worker.models import registry
from gpu_worker.models.i2vgen_xl import autoencoder
from storage.domain.catalogue import Model


def validate(
    checkpoint: Path, model: Model, held_out: Sequence[Frame], out: Path
) -> dict[str, Value]:
    """Write a clip of each picture and motion to `out`; return the evaluation's metrics.

    model is the catalogue's row, whose defaults the clips have.
    """
    engine = registry.create(str(checkpoint))
    engine.load()
    return Evaluation(
        evaluator=ClipEvaluator(engine, model),
        recode=autoencoder.recoder(str(checkpoint)),
        photographs=[Photograph(f"held_out_{n}", poster(one)) for n, one in enumerate(held_out)],
        prompts=prompts.DEFAULT,
        out=out,
        all_prompts=False,
        compared=len(held_out),
        log=lambda line: print(line, flush=True),
    ).run()
