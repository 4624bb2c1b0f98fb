"""Partial indexes, the blobs of each job as columns, and sums for each owner and day.

On SQLite it needs about half a minute and as much free disk as the file for a million jobs.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOBS = ("picture", "clip_blob", "clip_poster")
COUNTS = ("queued", "running", "done", "failed", "cancelled", "cached", "credits", "saved")
DROPPED = (
    ("ix_jobs_status", ["status"]),
    ("ix_jobs_owner_status", ["owner", "status"]),
    ("ix_jobs_kind_ended", ["kind", "ended"]),
)
PARTIAL = {
    "ix_jobs_waiting": (
        "jobs",
        ["owner", "created", "id"],
        "status = 'queued' AND dispatched = 0",
    ),
    "ix_jobs_in_flight": (
        "jobs",
        ["owner", "dispatched"],
        "status IN ('queued', 'running') AND dispatched > 0",
    ),
    "ix_jobs_undelivered": (
        "jobs",
        ["created", "id"],
        "status IN ('done', 'failed', 'cancelled') AND delivered = 0 AND NOT forgotten",
    ),
    "ix_jobs_made": ("jobs", ["kind", "ended"], "status = 'done' AND NOT cached"),
    "ix_jobs_clips": ("jobs", ["owner", "ended"], "status = 'done' AND NOT forgotten"),
    "ix_jobs_has_token": ("jobs", ["token_expires"], "token <> ''"),
    **{f"ix_jobs_{name}": ("jobs", [name], f"{name} IS NOT NULL") for name in BLOBS},
    "ix_owners_turn": ("owners", ["active", "turn", "owner"], "waiting > 0"),
}

FILL_BLOBS = """
UPDATE jobs SET
    picture = CASE WHEN NOT forgotten THEN {picture} END,
    clip_blob = CASE WHEN NOT forgotten THEN {blob} END,
    clip_poster = CASE WHEN NOT forgotten THEN {poster} END,
    token = CASE WHEN delivered > 0 OR token_expires < {now} THEN '' ELSE token END
"""

TOTALS = """
    sum(CASE WHEN status = 'queued' THEN 1 ELSE 0 END),
    sum(CASE WHEN status = 'running' THEN 1 ELSE 0 END),
    sum(CASE WHEN status = 'done' THEN 1 ELSE 0 END),
    sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END),
    sum(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END),
    sum(CASE WHEN cached THEN 1 ELSE 0 END),
    sum(CASE WHEN status = 'done' AND NOT cached AND cost BETWEEN 0 AND 1e9 THEN cost ELSE 0 END),
    sum(CASE WHEN saved BETWEEN 0 AND 1e9 THEN saved ELSE 0 END),
    sum(CASE WHEN status = 'done' AND NOT cached AND seconds BETWEEN 0 AND 1e9
        THEN seconds ELSE 0 END)
"""

FILL_DAYS = """
INSERT INTO days (day, {columns})
SELECT {day}, {totals} FROM jobs WHERE created BETWEEN 0 AND 1e11 GROUP BY 1
"""

FILL_OWNERS = """
INSERT INTO owners (owner, waiting, active, head_created, served, turn, latest, {columns})
SELECT owner,
    sum(CASE WHEN status = 'queued' AND dispatched = 0 THEN 1 ELSE 0 END),
    sum(CASE WHEN status IN ('queued', 'running') AND dispatched > 0 THEN 1 ELSE 0 END),
    coalesce(min(CASE WHEN status = 'queued' AND dispatched = 0 THEN created END), 0),
    max(CASE WHEN status IN ('queued', 'running') THEN 0 ELSE dispatched END),
    max(dispatched),
    max(created),
    {totals}
FROM jobs WHERE created BETWEEN 0 AND 1e11 AND dispatched BETWEEN 0 AND 1e11 AND owner IS NOT NULL
GROUP BY owner
"""


def upgrade() -> None:
    """Step to this version."""
    for name in BLOBS:
        op.add_column("jobs", sa.Column(name, sa.String(length=64), nullable=True))
    for name, _ in DROPPED:
        op.drop_index(name, table_name="jobs")
    op.create_table("owners", *_owner_columns(), *_totals())
    op.create_table(
        "days",
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        *_totals(),
    )
    _fill()
    op.create_index(op.f("ix_jobs_created"), "jobs", ["created"])
    op.create_index(op.f("ix_owners_latest"), "owners", ["latest"])
    for name, (table, columns, where) in PARTIAL.items():
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _owner_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("owner", sa.String(length=100), primary_key=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("head_created", sa.Float(), nullable=False),
        sa.Column("served", sa.Float(), nullable=False),
        sa.Column("turn", sa.Float(), nullable=False),
        sa.Column("latest", sa.Float(), nullable=False),
    ]


def _totals() -> list[sa.Column[Any]]:
    counts = [sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS]
    return [*counts, sa.Column("seconds", sa.Float(), nullable=False)]


def _fill() -> None:
    """Fill the new columns and tables from the jobs; a row that is not JSON names no blob."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        blobs = {
            key: f"""substring({column} from '"{key}":"([0-9a-f]{{64}})"')"""
            for key, column in (("picture", "request"), ("blob", "clip"), ("poster", "clip"))
        }
        blobs["now"] = "extract(epoch from now())"
        day = "floor(created / 86400)::int"
    else:
        blobs = {
            key: f"CASE WHEN json_valid({column}) THEN"
            f" nullif(json_extract({column}, '$.{key}'), '') END"
            for key, column in (("picture", "request"), ("blob", "clip"), ("poster", "clip"))
        }
        blobs["now"] = "CAST(strftime('%s', 'now') AS INTEGER)"
        day = "CAST(created / 86400 AS INTEGER)"
    gaps = {"columns": ", ".join((*COUNTS, "seconds")), "totals": TOTALS}
    op.execute(FILL_BLOBS.format(**blobs))
    op.execute(FILL_DAYS.format(day=day, **gaps))
    op.execute(FILL_OWNERS.format(**gaps))
    op.execute("UPDATE owners SET turn = head_created WHERE head_created > turn")


def downgrade() -> None:
    """Step back; dead tokens stay deleted."""
    for name, (table, _, _) in PARTIAL.items():
        op.drop_index(name, table_name=table)
    op.drop_index(op.f("ix_jobs_created"), table_name="jobs")
    op.drop_table("owners")
    op.drop_table("days")
    for name in BLOBS:
        op.drop_column("jobs", name)
    for name, columns in DROPPED:
        op.create_index(name, "jobs", columns)
