"""What is gone from Discord, and the servers in which the bot was seen."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; nothing is known to be gone yet."""
    op.create_table(
        "departures",
        sa.Column("kind", sa.String(length=16), primary_key=True),
        sa.Column("place", sa.String(length=64), primary_key=True),
        sa.Column("name", sa.String(length=100), primary_key=True),
        sa.Column("due", sa.Float(), nullable=False),
    )
    op.create_index("ix_departures_due", "departures", ["due"])
    op.create_index("ix_departures_name", "departures", ["name"])
    op.create_table("guilds_seen", sa.Column("guild", sa.String(length=64), primary_key=True))
    kept = sa.text("status IN ('done', 'failed', 'cancelled') AND delivered > 0 AND NOT forgotten")
    op.create_index(
        "ix_jobs_kept_by", "jobs", ["guild", "owner"], sqlite_where=kept, postgresql_where=kept
    )


def downgrade() -> None:
    """Step back."""
    op.drop_index("ix_jobs_kept_by", "jobs")
    for table in ("guilds_seen", "departures"):
        op.drop_table(table)
