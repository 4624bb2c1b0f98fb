"""Which picture a job's clip ends with, so that it is kept for as long as the job is."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEX = "ix_jobs_end_picture"


def upgrade() -> None:
    """Step to this version; no job has an end picture yet."""
    op.add_column("jobs", sa.Column("end_picture", sa.String(length=64)))
    named = sa.text("end_picture IS NOT NULL")
    op.create_index(INDEX, "jobs", ["end_picture"], sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    """Step back."""
    op.drop_index(INDEX, "jobs")
    op.drop_column("jobs", "end_picture")
