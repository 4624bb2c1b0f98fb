"""Finishes clips on the processor, without a model: other order, more frames, more pixels."""
