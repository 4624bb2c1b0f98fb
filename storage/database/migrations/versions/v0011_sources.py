"""Which finished clip's file a job changes, so that it is kept for as long as the job is."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEX = "ix_jobs_source"


def upgrade() -> None:
    """Step to this version; no job has a source yet."""
    op.add_column("jobs", sa.Column("source", sa.String(length=64)))
    named = sa.text("source IS NOT NULL")
    op.create_index(INDEX, "jobs", ["source"], sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    """Step back."""
    op.drop_index(INDEX, "jobs")
    op.drop_column("jobs", "source")
