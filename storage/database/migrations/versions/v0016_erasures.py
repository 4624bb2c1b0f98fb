"""People who asked to be forgotten, what deleted jobs left elsewhere, and exports."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; nobody has asked yet."""
    op.create_table(
        "erasures",
        sa.Column("owner", sa.String(length=100), primary_key=True),
        sa.Column("asked", sa.Float(), nullable=False),
    )
    op.create_table(
        "leftovers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("front", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
    )
    op.create_index("ix_leftovers_kind_due", "leftovers", ["kind", "due"])
    op.create_table(
        "exports",
        sa.Column("owner", sa.String(length=100), primary_key=True),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("running", sa.Float(), nullable=False),
    )
    op.create_index("ix_jobs_owner_created", "jobs", ["owner", "created"])
    op.create_index("ix_intents_owner", "intents", ["owner"])
    op.create_index("ix_audit_actor", "audit", ["actor"])
    op.create_index("ix_audit_subject", "audit", ["subject"])


def downgrade() -> None:
    """Step back."""
    op.drop_index("ix_audit_subject", "audit")
    op.drop_index("ix_audit_actor", "audit")
    op.drop_index("ix_intents_owner", "intents")
    op.drop_index("ix_jobs_owner_created", "jobs")
    for table in ("exports", "leftovers", "erasures"):
        op.drop_table(table)
