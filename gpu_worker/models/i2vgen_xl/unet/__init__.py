"""The forward pass of the denoising network over diffusers' modules."""
