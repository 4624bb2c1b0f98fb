"""What is kept of ended jobs, in the order in which it goes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEXES = {"ix_jobs_kept": ["ended"], "ix_jobs_kept_in": ["guild", "ended"]}


def upgrade() -> None:
    """Step to this version."""
    kept = sa.text("status IN ('done', 'failed', 'cancelled') AND delivered > 0 AND NOT forgotten")
    for name, columns in INDEXES.items():
        op.create_index(name, "jobs", columns, sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    """Step back."""
    for name in INDEXES:
        op.drop_index(name, "jobs")
