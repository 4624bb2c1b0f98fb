"""The first tables: jobs and ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("front", sa.String(length=32), nullable=False),
        sa.Column("guild", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_expires", sa.Float(), nullable=False),
        sa.Column("application", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("saved", sa.Integer(), nullable=False),
        sa.Column("size_limit", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("dispatched", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=False),
        sa.Column("delivered", sa.Float(), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("forgotten", sa.Boolean(), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("clip", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        op.f("ix_jobs_fingerprint_ended"), "jobs", ["fingerprint", "ended"], unique=False
    )
    op.create_index(
        op.f("ix_jobs_front_channel_message"), "jobs", ["front", "channel", "message"], unique=False
    )
    op.create_index(op.f("ix_jobs_kind_ended"), "jobs", ["kind", "ended"], unique=False)
    op.create_index(op.f("ix_jobs_owner_status"), "jobs", ["owner", "status"], unique=False)
    op.create_index(op.f("ix_jobs_status"), "jobs", ["status"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=16), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_ledger_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("job", "entry", name=op.f("uq_ledger_job_entry")),
    )
    op.create_index(op.f("ix_ledger_owner_day"), "ledger", ["owner", "day"], unique=False)


def downgrade() -> None:
    """Step back to the empty database."""
    op.drop_index(op.f("ix_ledger_owner_day"), table_name="ledger")
    op.drop_table("ledger")
    op.drop_index(op.f("ix_jobs_status"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_owner_status"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_kind_ended"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_front_channel_message"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_fingerprint_ended"), table_name="jobs")
    op.drop_table("jobs")
