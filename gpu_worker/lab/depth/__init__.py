"""Depth: scenes whose depth is known because they are rendered here, and a small estimator."""
