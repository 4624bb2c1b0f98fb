"""What the bots on one database have decided together."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; nothing is decided yet."""
    op.create_table(
        "decisions",
        sa.Column("name", sa.String(length=64), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Step back."""
    op.drop_table("decisions")
