"""The bots that share the database, and which of them shows which job."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SHOWN = "delivered = 0 AND NOT forgotten"


def upgrade() -> None:
    """Step to this version; no bot holds the jobs from before."""
    op.create_table(
        "bots",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("beats", sa.BigInteger(), nullable=False),
    )
    column = sa.Column("holder", sa.String(length=32), nullable=False, server_default="")
    op.add_column("jobs", column)
    condition = sa.text(SHOWN)
    op.create_index(
        "ix_jobs_holder",
        "jobs",
        ["holder"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def downgrade() -> None:
    """Step back."""
    op.drop_index("ix_jobs_holder", table_name="jobs")
    op.drop_column("jobs", "holder")
    op.drop_table("bots")
