"""What clips cost: the lives of workers, and each job's share of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNBILLED = "status = 'done' AND NOT cached AND NOT billed AND worker IS NOT NULL"
NUMBERS = ("money", "start_seconds", "idle_seconds")


def upgrade() -> None:
    """Step to this version; clips from before have no bill."""
    zero = sa.text("0")
    op.add_column("jobs", sa.Column("worker", sa.Text(), nullable=True))
    op.add_column(
        "jobs", sa.Column("billed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for table in ("jobs", "owners", "days"):
        for name in NUMBERS:
            op.add_column(table, sa.Column(name, sa.Float(), nullable=False, server_default=zero))
    condition = sa.text(UNBILLED)
    op.create_index(
        "ix_jobs_unbilled",
        "jobs",
        ["worker"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
    op.create_table(
        "lives",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("offer", sa.String(length=100), nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("ready", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("money", sa.Float(), nullable=False),
        sa.Column("charged_seconds", sa.Float(), nullable=False),
        sa.Column("charged_start", sa.Float(), nullable=False),
        sa.Column("charged_money", sa.Float(), nullable=False),
    )
    op.create_index(op.f("ix_lives_started"), "lives", ["started"])


def downgrade() -> None:
    """Step back; the bills are gone."""
    op.drop_table("lives")
    op.drop_index("ix_jobs_unbilled", table_name="jobs")
    for table in ("jobs", "owners", "days"):
        for name in NUMBERS:
            op.drop_column(table, name)
    op.drop_column("jobs", "billed")
    op.drop_column("jobs", "worker")
