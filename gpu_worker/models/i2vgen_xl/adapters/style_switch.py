"""Brings a UNet's weights to the style of an order, and back to what they were.

An adapter is merged into the weights where they lie, so that a step costs nothing more, compiled
code stays valid, and weights that are stored in eight bits afterwards hold it too. What the weights
were is kept on the host and copied back, since a difference of sums would not be exact.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.adapters.adapter import Adapter, load_adapter
from gpu_worker.models.i2vgen_xl.adapters.layer_weights import LayerWeight, layer_weights
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from storage.domain.errors import BadStyle
from storage.domain.models.style import Style

MOST_WARM = 4
"""How many adapters are kept in memory."""


class StyleSwitch:
    """The styles of one engine: those that are warm, and the one that its UNet has."""

    def __init__(self, folder: Path | None) -> None:
        """Read files from a folder, where each is named by its sha256."""
        self.folder = folder
        self.style: Style | None = None
        self._warm: OrderedDict[str, Adapter] = OrderedDict()
        self._unet: UNet | None = None
        self._before: list[tuple[LayerWeight, Tensor]] = []

    @torch.inference_mode()
    def bring(self, unet: UNet, style: Style | None) -> None:
        """Let a UNet have a style, None for none; raise BadStyle, and leave it without any.

        Where memory runs out while the weights are copied back, the next call goes on with that.
        """
        if style is not None and style.scale == 0.0:
            style = None
        whole = style is not None or not self._before
        if self._unet is unet and self.style == style and whole:
            return
        if self._unet is not unet:
            self.forget()
        self._restore()
        self._unet = unet
        if style is not None:
            self._merge(unet, style)
        self.style = style

    def forget(self) -> None:
        """Drop the UNet, whose weights will be loaded again; they are to have the same style."""
        self._unet = None
        self._before.clear()

    def _merge(self, unet: UNet, style: Style) -> None:
        weights = layer_weights(unet)
        adapter = self._adapter(style, weights)
        try:
            for weight, change in adapter.changes(weights):
                tensor = weight.tensor
                self._before.append((weight, tensor.to("cpu", copy=True)))
                tensor.copy_(tensor.float() + style.scale * change)
                weight.refresh()
        except BaseException:
            self._restore()
            raise

    def _restore(self) -> None:
        self.style = None
        while self._before:
            weight, before = self._before[-1]
            weight.tensor.copy_(before)
            weight.refresh()
            self._before.pop()

    def _adapter(self, style: Style, weights: dict[str, LayerWeight]) -> Adapter:
        """Return a style's adapter, from memory where it was used not long ago."""
        adapter = self._warm.get(style.file)
        if adapter is None:
            if self.folder is None:
                raise BadStyle("style_gone", name=style.name)
            try:
                adapter = load_adapter(self.folder / style.file, weights)
            except FileNotFoundError as error:
                raise BadStyle("style_gone", name=style.name) from error
        self._warm[style.file] = adapter
        self._warm.move_to_end(style.file)
        while len(self._warm) > MOST_WARM:
            self._warm.popitem(last=False)
        return adapter
