"""Evaluate a model: `python -m gpu_worker.lab.evaluate [--pictures DIR] [--prompts FILE]`.

Clips and a contact sheet go to the folder, progress to the standard error, and one JSON object to
the last line of the standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gpu_worker.engine.api import NotUsable
from gpu_worker.lab.evaluate import photographs, prompts
from gpu_worker.lab.evaluate.clip_evaluator import ClipEvaluator
from gpu_worker.lab.evaluate.evaluation import Evaluation
from gpu_worker.models import registry
from gpu_worker.models.i2vgen_xl import autoencoder
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from storage.domain.errors import MutoscopeError
from storage.settings import Settings, SettingsError


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the evaluation; return 0, or 2 where it cannot start."""
    options = _parser().parse_args(arguments)
    try:
        evaluation = _evaluation(options, environ)
        engine, model = evaluation.evaluator.engine, evaluation.evaluator.model
        engine.load()
        metrics = evaluation.run()
    except (NotUsable, OSError, ValueError, SettingsError, MutoscopeError) as error:
        sys.stderr.write(f"cannot evaluate: {error}\n")
        return 2
    about = {
        "model": model.name,
        "device": engine.device,
        "checkpoint_bytes": _size(locate(model.source)),
    }
    sys.stdout.write(json.dumps({**about, **metrics}) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m gpu_worker.lab.evaluate", description=__doc__)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="default: the test set")
    parser.add_argument("--prompts", type=Path, metavar="FILE.json", help="motion -> prompts")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("var/evaluation"))
    parser.add_argument(
        "--compared", type=int, default=4, help="pictures for the comparisons; 0: none"
    )
    return parser


def _evaluation(options: argparse.Namespace, environ: Mapping[str, str]) -> Evaluation:
    catalogue = Settings.from_environment(environ).catalogue()
    model = catalogue.model()
    engine = registry.create(model.source, name=model.name, presets=catalogue.presets_of(model))
    pictures = options.pictures
    return Evaluation(
        evaluator=ClipEvaluator(engine, model),
        recode=autoencoder.recoder(model.source),
        photographs=photographs.of_folder(pictures) if pictures else photographs.samples(),
        prompts=prompts.read(options.prompts) if options.prompts else prompts.DEFAULT,
        out=options.out,
        all_prompts=options.prompts is not None,
        compared=options.compared,
        log=lambda line: print(line, file=sys.stderr),
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
