"""How many orders of a job vanished before a worker had them, whichever bot missed them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; the losses from before are forgotten."""
    column = sa.Column("losses", sa.Integer(), nullable=False, server_default="0")
    op.add_column("jobs", column)


def downgrade() -> None:
    """Step back."""
    op.drop_column("jobs", "losses")
