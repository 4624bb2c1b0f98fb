"""`python -m gpu_worker.fetch`: fetches the weights of all models for later workers.

They are those of MODEL, DEPTH_MODEL and PICTURE_MODEL.

The exit status is 1 where they cannot be had, 2 for a wrong setting.
"""

from __future__ import annotations

import logging
import os
import sys

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.depth import estimator
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.text_to_image import checkpoint as text_to_image
from gpu_worker.settings import WorkerSettings
from storage.catalogue_file import CatalogueError
from storage.domain.text import printable
from storage.logs import set_up_logging
from storage.settings import LogSettings, SettingsError

log = logging.getLogger("gpu_worker")


class TenthsReport:
    """Logs a download after each tenth of its bytes."""

    def __init__(self) -> None:
        self._tenths = -1

    def __call__(self, done: int, total: int) -> None:
        """Take how many bytes are there, and of how many."""
        tenths = 10 * done // max(1, total)
        if tenths > self._tenths:
            self._tenths = tenths
            log.info("weights: %d of %d MiB are there", done >> 20, total >> 20)


def main() -> int:
    """Read the environment and fetch; return the exit status."""
    try:
        logs = LogSettings.from_environment(os.environ)
        set_up_logging(logs.log_format, logs.log_level)
        settings = WorkerSettings.from_environment(os.environ)
        source = settings.catalogue().model().source
        log.info("the weights of %s are in %s", printable(source), locate(source, TenthsReport()))
        if settings.depth_model:
            name = printable(settings.depth_model)
            log.info("the weights of %s are in %s", name, estimator.locate(settings.depth_model))
        if settings.picture_model:
            name = printable(settings.picture_model)
            found = text_to_image.locate(settings.picture_model)
            text_to_image.check(found)
            log.info("the weights of %s are in %s", name, found)
    except (SettingsError, CatalogueError) as error:
        log.error("%s", error)
        return 2
    except NotUsable as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
