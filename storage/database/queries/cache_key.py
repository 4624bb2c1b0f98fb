"""The key by which a finished clip is found for another order of the same."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from storage.domain.catalogue import Catalogue
from storage.domain.models.pipeline_row import PipelineRow
from storage.domain.models.served_model import ServedModel
from storage.domain.request import GenerationRequest


def cache_key(
    catalogue: Catalogue, request: GenerationRequest, made_with: ServedModel | None = None
) -> str:
    """Return what the same clips share; made_with is what made one, where it is known."""
    model = _model_key(catalogue, request.model, made_with)
    return sha256(f"{model} {request.fingerprint}".encode()).hexdigest()


def _model_key(catalogue: Catalogue, name: str, made_with: ServedModel | None) -> str:
    """Return what a clip depends on beside its request: the model's weights and the presets.

    A worker may serve other weights than the catalogue's: a hub's other revision, or the row of
    another release. Nobody who orders the catalogue's is given what that one made.
    """
    row = catalogue.models.get(name)
    if row is None:
        return repr(([], sorted(catalogue.presets.items())))
    if made_with is not None and not row.is_made_by(made_with):
        row = replace(row, source=made_with.source, revision=made_with.revision)
    facts = [(name, row.source, row.revision)], sorted(catalogue.presets_of(row).items())
    return repr(facts if row.pipeline == PipelineRow() else (*facts, row.pipeline))
