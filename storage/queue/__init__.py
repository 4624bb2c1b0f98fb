"""The queue between bot and workers; the only package that imports arq and redis."""
