"""Trains styles: low-rank adapters of the embedded model."""
