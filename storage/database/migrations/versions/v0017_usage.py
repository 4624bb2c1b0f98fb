"""Sums over ended orders by server, day, person and model, in place of those by server and day.

It goes through the table of jobs three times, and reads from the ledger what was given back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTS = ("done", "failed", "cancelled", "cached", "credits", "refunded", "saved")
SPENT = ("seconds", "start_seconds", "idle_seconds", "money")
BOUNDS = tuple(2.0 ** (step / 4) for step in range(81))  # seconds, of the buckets of waiting times

LOST = "status IN ('failed', 'cancelled')"
MADE = "status = 'done' AND NOT cached"
SOUND = "created BETWEEN 0 AND 1e11 AND owner IS NOT NULL AND guild IS NOT NULL"

FILL_RETURNED = """
UPDATE jobs SET returned = coalesce((
    SELECT -sum(credits) FROM ledger
    WHERE ledger.job = jobs.id
        AND (entry = 'reduce' OR (entry = 'refund' AND jobs.status = 'done'))
), 0)
WHERE id IN (SELECT job FROM ledger WHERE entry = 'reduce')
    OR (status = 'done' AND id IN (SELECT job FROM ledger WHERE entry = 'refund'))
"""

FILL_DAYS = f"""
INSERT INTO usage_days (scope, day, subject, model, {{columns}})
SELECT guild, {{day}}, owner, model, {{sums}} FROM jobs
WHERE status IN ('done', 'failed', 'cancelled') AND model IS NOT NULL AND {SOUND}
GROUP BY 1, 2, 3, 4
"""  # noqa: S608 (constants of this file)

FILL_SERVICE = """
INSERT INTO usage_days (scope, day, subject, model, {columns})
SELECT '*', day, scope, model, {sums} FROM usage_days GROUP BY 2, 3, 4
"""

FILL_WAITING = f"""
INSERT INTO usage_counts (scope, day, kind, name, count)
SELECT guild, {{day}}, 'waiting', {{bucket}}, count(*) FROM jobs
WHERE status IN ('done', 'failed') AND started > 0 AND started <= 1e11 AND {SOUND}
GROUP BY 1, 2, 4
"""  # noqa: S608 (as above)

FILL_FAILURES = f"""
INSERT INTO usage_counts (scope, day, kind, name, count)
SELECT guild, {{day}}, 'failure', {{key}}, count(*) FROM jobs
WHERE status = 'failed' AND length({{key}}) <= 64 AND {SOUND}
GROUP BY 1, 2, 4
"""  # noqa: S608 (as above)

FILL_SERVICE_COUNTS = """
INSERT INTO usage_counts (scope, day, kind, name, count)
SELECT '*', day, kind, name, sum(count) FROM usage_counts GROUP BY 2, 3, 4
"""

FILL_GUILD_DAYS = """
INSERT INTO guild_days (guild, day, {columns})
SELECT subject, day, {sums} FROM usage_days WHERE scope = '*' AND done > cached GROUP BY 1, 2
"""


def upgrade() -> None:
    """Step to this version."""
    returned = sa.Column("returned", sa.Integer(), nullable=False, server_default="0")
    op.add_column("jobs", returned)
    op.execute(FILL_RETURNED)
    op.create_table(
        "usage_days",
        sa.Column("scope", sa.String(length=64), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(length=100), primary_key=True),
        sa.Column("model", sa.String(length=200), primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        *(sa.Column(name, sa.Float(), nullable=False) for name in SPENT),
    )
    op.create_table(
        "usage_counts",
        sa.Column("scope", sa.String(length=64), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(length=16), primary_key=True),
        sa.Column("name", sa.String(length=64), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
    _fill()
    op.create_index(op.f("ix_usage_days_subject_day"), "usage_days", ["subject", "day"])
    op.drop_table("guild_days")


def _fill() -> None:
    """Fill both tables, of each server first, and from these of the whole service."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        day = "floor(created / 86400)::int"
        key = """substring(failure from '"key":"([^"]*)"')"""
    else:
        day = "CAST(created / 86400 AS INTEGER)"
        key = "CASE WHEN json_valid(failure) THEN json_extract(failure, '$.key') END"
    columns = ", ".join((*COUNTS, *SPENT))
    added = ", ".join(f"sum({name})" for name in (*COUNTS, *SPENT))
    op.execute(FILL_DAYS.format(day=day, columns=columns, sums=", ".join(_sums())))
    op.execute(FILL_SERVICE.format(columns=columns, sums=added))
    op.execute(FILL_WAITING.format(day=day, bucket=_bucket()))
    op.execute(FILL_FAILURES.format(day=day, key=key))
    op.execute(FILL_SERVICE_COUNTS)


def _sums() -> list[str]:
    """Return the sums over jobs, in the order of the columns; a damaged number adds nothing."""

    def total(condition: str, value: str = "1") -> str:
        return f"sum(CASE WHEN {condition} THEN {value} ELSE 0 END)"

    def sound(name: str) -> str:
        return f"{name} BETWEEN 0 AND 1e9"

    counts = [total(f"status = '{one}'") for one in COUNTS[:3]] + [total("cached")]
    given_back = total(f"{LOST} AND {sound('cost')}", "cost")
    credits = total(f"{MADE} AND {sound('cost')}", "cost")
    saved = total(sound("saved"), "saved")
    spent = (total(f"{MADE} AND {sound(one)}", one) for one in SPENT)
    return [*counts, credits, f"sum(returned) + {given_back}", saved, *spent]


def _bucket() -> str:
    """Return the number of the first bucket whose end is later than what a job waited."""
    arms = (f"WHEN started - created < {bound!r} THEN '{n}'" for n, bound in enumerate(BOUNDS))
    return f"CASE {' '.join(arms)} ELSE '{len(BOUNDS)}' END"


def downgrade() -> None:
    """Step back."""
    op.create_table(
        "guild_days",
        sa.Column("guild", sa.String(length=64), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in SPENT),
    )
    op.create_index(op.f("ix_guild_days_day"), "guild_days", ["day"])
    sums = ", ".join(f"sum({name})" for name in SPENT)
    op.execute(FILL_GUILD_DAYS.format(columns=", ".join(SPENT), sums=sums))
    op.drop_table("usage_counts")
    op.drop_table("usage_days")
    op.drop_column("jobs", "returned")
