"""Orders that were begun, and what was tried to deliver jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version."""
    op.create_table(
        "intents",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("front", sa.String(length=32), nullable=False),
        sa.Column("guild", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_expires", sa.Float(), nullable=False),
        sa.Column("application", sa.String(length=64), nullable=False),
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("begun", sa.Float(), nullable=False),
        sa.Column("told", sa.Float(), nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
    )
    op.create_table(
        "deliveries",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waiting", sa.Float(), nullable=False),
        sa.Column("told", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_deliveries_job")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_deliveries")),
    )
    op.create_index(
        op.f("ix_deliveries_owner_waiting"), "deliveries", ["owner", "waiting"], unique=False
    )


def downgrade() -> None:
    """Step back."""
    op.drop_index(op.f("ix_deliveries_owner_waiting"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("intents")
