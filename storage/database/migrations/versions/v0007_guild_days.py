"""Sums over the clips of each server and day, so that nothing goes through the jobs for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SUMS = ("seconds", "start_seconds", "idle_seconds", "money")

FILL = """
INSERT INTO guild_days (guild, day, {columns})
SELECT guild, {day}, {sums} FROM jobs
WHERE status = 'done' AND NOT cached AND created BETWEEN 0 AND 1e11 AND guild IS NOT NULL
GROUP BY 1, 2
"""


def upgrade() -> None:
    """Step to this version."""
    op.create_table(
        "guild_days",
        sa.Column("guild", sa.String(length=64), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in SUMS),
    )
    op.create_index(op.f("ix_guild_days_day"), "guild_days", ["day"])
    postgresql = op.get_bind().dialect.name == "postgresql"
    day = "floor(created / 86400)::int" if postgresql else "CAST(created / 86400 AS INTEGER)"
    sums = (f"sum(CASE WHEN {one} BETWEEN 0 AND 1e9 THEN {one} ELSE 0 END)" for one in SUMS)
    op.execute(FILL.format(columns=", ".join(SUMS), day=day, sums=", ".join(sums)))


def downgrade() -> None:
    """Step back."""
    op.drop_table("guild_days")
