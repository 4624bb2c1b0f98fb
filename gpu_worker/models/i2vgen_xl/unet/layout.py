"""Views of a feature map as frames, as tokens of a frame and as tokens of a pixel over time.

A map is (b*f, c, h, w), frames of one clip next to each other. In channels-last memory every view
here but the last is free; in contiguous memory it costs the copy that the stock model makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Layout:
    """Clips, frames and the memory order of the maps of one forward pass."""

    clips: int
    frames: int
    channels_last: bool

    def tokens(self, maps: Tensor) -> Tensor:
        """View maps as tokens (b*f, h*w, c)."""
        count, channels, height, width = maps.shape
        return maps.permute(0, 2, 3, 1).reshape(count, height * width, channels)

    def from_tokens(self, tokens: Tensor, height: int, width: int) -> Tensor:
        """View tokens (b*f, h*w, c) as maps again."""
        count, _, channels = tokens.shape
        maps = tokens.reshape(count, height, width, channels).permute(0, 3, 1, 2)
        return maps if self.channels_last else maps.contiguous()

    def volume(self, maps: Tensor) -> Tensor:
        """View maps as a plane of frames by pixels (b, c, f, h*w)."""
        count, channels = maps.shape[:2]
        clips = count // self.frames
        if self.channels_last:
            return self.tokens(maps).view(clips, self.frames, -1, channels).permute(0, 3, 1, 2)
        return maps.reshape(clips, self.frames, channels, -1).transpose(1, 2).contiguous()

    def from_volume(self, volume: Tensor, height: int, width: int) -> Tensor:
        """View a plane (b, c, f, h*w) as maps again."""
        clips, channels, frames, _ = volume.shape
        if self.channels_last:
            tokens = volume.permute(0, 2, 3, 1).reshape(clips * frames, height, width, channels)
            return tokens.permute(0, 3, 1, 2)
        return volume.transpose(1, 2).reshape(clips * frames, channels, height, width)

    def temporal_tokens(self, maps: Tensor) -> Tensor:
        """Copy maps into tokens over time (b*h*w, f, c), one row for each pixel."""
        count, channels, height, width = maps.shape
        clips = count // self.frames
        tokens = maps.reshape(clips, self.frames, channels, height, width).permute(0, 3, 4, 1, 2)
        return tokens.reshape(clips * height * width, self.frames, channels)

    def from_temporal_tokens(self, tokens: Tensor, height: int, width: int) -> Tensor:
        """Copy tokens over time (b*h*w, f, c) into maps again."""
        _, frames, channels = tokens.shape
        split = tokens.reshape(-1, height, width, frames, channels)
        if self.channels_last:
            maps = split.permute(0, 3, 1, 2, 4).reshape(-1, height, width, channels)
            return maps.permute(0, 3, 1, 2)
        return split.permute(0, 3, 4, 1, 2).reshape(-1, channels, height, width)

    @property
    def memory_format(self) -> torch.memory_format:
        """Return torch's name of the memory order."""
        return torch.channels_last if self.channels_last else torch.contiguous_format
