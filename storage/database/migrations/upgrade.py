"""Brings the tables up to a version by Alembic, which is imported only where that is needed."""

from __future__ import annotations

import logging
from pkgutil import iter_modules

from sqlalchemy import Connection, inspect, text

from storage.database.migrations import versions
from storage.domain.text import printable
from storage.settings import SettingsError

log = logging.getLogger(__name__)


def migrate(connection: Connection, version: str = "head") -> None:
    """Bring the tables up to a version within the connection's transaction.

    Raise SettingsError where a newer release wrote them: older ones would not know what to keep.
    """
    known, before = known_versions(), _version(connection)
    if before is not None and before not in known:
        raise SettingsError(
            f"DATABASE_URL: the database was written by a newer release (version"
            f" {printable(before)}, where this one knows up to {known[-1]}); run that release, or"
            " restore the copy from before its update"
        )
    if before == known[-1]:
        return
    if before is not None:
        log.info("the database is brought from version %s to %s", before, known[-1])
    _upgrade(connection, version)


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
