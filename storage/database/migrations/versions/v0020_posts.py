"""Messages about jobs beside their answers."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; of earlier messages nothing is known."""
    op.create_table(
        "posts",
        sa.Column("job", sa.String(length=64), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("channel", sa.String(length=64), primary_key=True),
        sa.Column("message", sa.String(length=64), primary_key=True),
        sa.Column("front", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
    )


def downgrade() -> None:
    """Step back."""
    op.drop_table("posts")
