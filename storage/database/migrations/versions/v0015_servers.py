"""The settings of servers, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; no server has set anything yet."""
    op.create_table(
        "servers",
        sa.Column("guild", sa.String(length=64), primary_key=True),
        sa.Column("policy", sa.Text(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("guild", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("ix_audit_guild_id", "audit", ["guild", "id"])


def downgrade() -> None:
    """Step back."""
    op.drop_table("audit")
    op.drop_table("servers")
