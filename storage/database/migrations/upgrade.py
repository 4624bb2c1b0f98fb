"""Brings the tables up to a version by Alembic, which is imported only where that is needed."""

from __future__ import annotations

import logging
from pkgutil import iter_modules

from sqlalchemy import Connection, inspect, text

from storage.database.migrations import versions
from storage.domain.text import printable
from storage.settings import SettingsError

log = logging.getLogger(__name__)


LONG = ("0003", "0007", "0008", "0017")
"""The versions that go through all jobs; each is the last of its transaction."""


def migrate(connection: Connection, version: str = "head") -> bool:
    """Bring the tables up to a version, or closer to it, within the connection's transaction.

    Return whether there is more to do, in another transaction: with many jobs it takes minutes, and
    what is done by then is not to be done again where the process is stopped. New tables are made
    in one. Raise SettingsError where a newer release wrote them: older ones would not know what to
    keep.
    """
    known, before = known_versions(), _version(connection)
    if before is not None and before not in known:
        raise SettingsError(
            f"DATABASE_URL: the database was written by a newer release (version"
            f" {printable(before)}, where this one knows up to {known[-1]}); run that release, or"
            " restore the copy from before its update"
        )
    target = known[-1] if version == "head" else version
    if before is None:
        _upgrade(connection, target)
        return False
    left = known[known.index(before) + 1 : known.index(target) + 1]
    if not left:
        return False
    step = next((one for one in left if one in LONG), left[-1])
    log.info("the database is brought from version %s to %s of %s", before, step, left[-1])
    if step in LONG:
        log.info("version %s goes through all jobs, about a minute for a million", step)
    _upgrade(connection, step)
    return step != left[-1]


def known_versions() -> list[str]:
    """Return the versions by their modules' names (`v0001_first_tables`), oldest first."""
    names = sorted(module.name for module in iter_modules(versions.__path__))
    return [name[1:].partition("_")[0] for name in names]


def _version(connection: Connection) -> str | None:
    """Return the version of the tables; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: Connection, version: str) -> None:
    # Imported only now: it takes a quarter of a second, which a start on known tables need not.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "storage.database:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, version)
