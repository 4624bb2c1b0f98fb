"""The components of one checkpoint, and what they have to agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPVisionModelWithProjection
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.traits import Traits
from storage.domain.text import printable

PREDICTIONS = ("epsilon", "sample", "v_prediction")

Stated: TypeAlias = tuple[str, str, object]
"""What a file says: the file, the name of the value, and the value."""


@dataclass
class Components:
    """The components of one checkpoint, by diffusers' names.

    feature_extractor is what its preprocessor_config.json holds.
    """

    unet: I2VGenXLUNet
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    image_encoder: CLIPVisionModelWithProjection
    tokenizer: CLIPTokenizer
    scheduler: DDIMScheduler
    feature_extractor: dict[str, Any]
    traits: Traits

    def check_agreement(self, folder: Path) -> None:
        """Raise NotUsable, naming the files, where two components do not fit together."""
        for (file, name, value), (other, other_name, wanted) in self._pairs():
            if value != wanted:
                raise NotUsable(
                    f"{printable(folder / file)}: {name} is {value}, which does not fit"
                    f" {other_name} {wanted} of {other}"
                )
        kind = self.scheduler.config.prediction_type
        if kind not in PREDICTIONS:
            raise NotUsable(
                f"{printable(folder / 'scheduler/scheduler_config.json')}: prediction_type is"
                f" {printable(kind)}, and not one of {', '.join(PREDICTIONS)}"
            )
        words, known = len(self.tokenizer), self.text_encoder.config.vocab_size
        if not 2 < words <= known:
            raise NotUsable(
                f"{printable(folder / 'tokenizer')}: it has {words} tokens, and"
                f" text_encoder/config.json a vocab_size of {known}"
            )

    def _pairs(self) -> Iterator[tuple[Stated, Stated]]:
        unet, vae = "unet/config.json", "vae/config.json"
        text, vision = "text_encoder/config.json", "image_encoder/config.json"
        context = (unet, "cross_attention_dim", self.unet.config.cross_attention_dim)
        latents = (vae, "latent_channels", self.vae.config.latent_channels)
        crop = self.feature_extractor.get("crop_size")
        side = crop.get("height") if isinstance(crop, dict) else crop
        preprocessor = "feature_extractor/preprocessor_config.json"
        yield (text, "hidden_size", self.text_encoder.config.hidden_size), context
        yield (vision, "projection_dim", self.image_encoder.config.projection_dim), context
        yield (unet, "in_channels", self.unet.config.in_channels), latents
        yield (unet, "out_channels", self.unet.config.out_channels), latents
        image_size = (vision, "image_size", self.image_encoder.config.image_size)
        yield (preprocessor, "crop_size", side), image_size
