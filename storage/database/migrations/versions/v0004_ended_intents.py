"""Begun orders are remembered for a while after their end."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version."""
    column = sa.Column("ended", sa.Float(), nullable=False, server_default="0.0")
    op.add_column("intents", column)
    op.create_index(op.f("ix_intents_ended"), "intents", ["ended"])


def downgrade() -> None:
    """Step back."""
    op.execute("DELETE FROM intents WHERE ended > 0.0")
    op.drop_index(op.f("ix_intents_ended"), table_name="intents")
    op.drop_column("intents", "ended")
