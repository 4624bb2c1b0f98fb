"""An index by which the jobs are found that were made from one."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CONDITION = sa.text("parent <> ''")


def upgrade() -> None:
    """Step to this version."""
    op.create_index(
        "ix_jobs_parent",
        "jobs",
        ["parent"],
        sqlite_where=CONDITION,
        postgresql_where=CONDITION,
    )


def downgrade() -> None:
    """Step back."""
    op.drop_index("ix_jobs_parent", "jobs")
