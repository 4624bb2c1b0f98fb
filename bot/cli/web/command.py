"""`mutoscope web`: serve the page, and start what it needs and is not running."""

from __future__ import annotations

import asyncio
import getpass
import signal
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bot.cli.invocation import Invocation
from bot.cli.sidecar import Sidecar, SidecarFailed, open_sidecar
from bot.service import open_service
from bot.settings import WebSettings
from storage.logs import set_up_logging
from storage.settings import LogSettings, SettingsError
from storage.tasks import first_completed

NO_GRADIO = "the page needs Gradio: pip install 'mutoscope[web]'"
FRONT_END = "web"
STOPPED, FAILED = 0, 1


async def web(invocation: Invocation) -> int:
    """Serve the page until Ctrl-C; return the exit status."""
    if find_spec("gradio") is None:
        raise SettingsError(NO_GRADIO)
    arguments = invocation.arguments
    settings = WebSettings.from_environment(_environ(invocation))
    if arguments.add_login:
        return await _add_login(settings, arguments.add_login)
    if arguments.page_only:
        logs = LogSettings.from_environment(invocation.environ)
        set_up_logging(logs.log_format, logs.log_level)
    # A fault in it is reported before anything is started.
    import_module("bot.web.access.access").open_access(settings)
    # Imported here alone: it takes seconds, and no other command needs it.
    return await _serve(invocation, settings, import_module("bot.web.server"))


async def _serve(invocation: Invocation, settings: WebSettings, server: Any) -> int:
    stop, listening = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with (
            _open_sidecar(invocation) as sidecar,
            open_service(
                settings.model_copy(update={"redis_url": sidecar.redis_url}),
                metrics_port=settings.metrics_port,
                gateway_ready=listening.is_set,
                front=FRONT_END,
                retention=settings.retention(),
            ) as service,
        ):
            ready = _ready(invocation, listening)
            page = server.serve(service.studio, settings, invocation.texts, ready)
            await first_completed(page, service.run(), sidecar.wait_until_failed(), stop.wait())
    except SidecarFailed as error:
        print(invocation.text("cli_backstage", reason=error), file=sys.stderr)
        return FAILED
    return STOPPED


def _open_sidecar(invocation: Invocation) -> AbstractAsyncContextManager[Sidecar]:
    """Return what starts what is not running; nothing where others are to run it."""
    url = invocation.settings.redis_url
    if invocation.arguments.page_only:
        return nullcontext(Sidecar(url))
    model = invocation.admission.catalogue.default_model
    return open_sidecar(url, invocation.worker_environ(model), model)


def _ready(invocation: Invocation, listening: asyncio.Event) -> Any:
    def ready(address: str) -> None:
        listening.set()
        print(f"page: {address}", flush=True)
        print(invocation.text("cli_page_ready"), file=sys.stderr, flush=True)

    return ready


def _environ(invocation: Invocation) -> dict[str, str]:
    """Return the environment, in which flags win."""
    flags = {"WEB_HOST": invocation.arguments.host, "WEB_PORT": invocation.arguments.port}
    given = {name: value for name, value in flags.items() if value is not None}
    return {**invocation.environ, **given}


async def _add_login(settings: WebSettings, name: str) -> int:
    """Ask for a person's password and write it into the file of logins."""
    if settings.web_logins is None:
        raise SettingsError("WEB_LOGINS has to say in which file the logins are")
    ask = getpass.getpass if sys.stdin.isatty() else lambda _: sys.stdin.readline().rstrip("\n")
    password = await asyncio.to_thread(ask, f"Password of {name}: ")
    if not password:
        raise SettingsError("an empty password lets everybody in")
    logins = import_module("bot.web.access.logins")
    await asyncio.to_thread(logins.add_login, settings.web_logins, name, password)
    return STOPPED
