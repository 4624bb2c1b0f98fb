"""Training of the embedded model, from packaged pictures to a checkpoint folder.

Nothing imports this package at run time; run it as `python -m gpu_worker.lab.training`.
"""
