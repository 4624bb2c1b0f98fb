"""`python -m gpu_worker`: reads the settings and runs one worker."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import NoReturn

from gpu_worker.settings import WorkerSettings
from gpu_worker.worker import work
from storage.catalogue_file import CatalogueError
from storage.logs import set_up_logging
from storage.settings import LogSettings, SettingsError
from storage.tracing import set_up_tracing, stop_tracing

log = logging.getLogger("gpu_worker")


def main() -> int:
    """Read the environment and work; return the exit status."""
    try:
        logs = LogSettings.from_environment(os.environ)
        set_up_logging(logs.log_format, logs.log_level)
        settings = WorkerSettings.from_environment(os.environ)
        settings.engine()
        set_up_tracing(settings.otel_exporter_otlp_endpoint, "mutoscope-worker")
        # Threads that spin while they wait starve each other on a busy machine: a step took 20
        # times as long beside another program. Read by the child's OpenMP when it starts.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        return asyncio.run(work(settings))
    except (SettingsError, CatalogueError) as error:
        log.error("%s", error)
        return 2


def run() -> NoReturn:
    """Work and end at once: a GPU is billed while Python takes its modules down one by one."""
    status = main()
    stop_tracing()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
