"""A queue for each model: each job's model as a column, and each owner's turn in each queue.

It goes through the table of jobs once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WAITING = "status = 'queued' AND dispatched = 0"
FLYING = "status IN ('queued', 'running') AND dispatched > 0"
TURN = ("waiting", "active", "head_created", "served", "turn")

FILL = f"""
INSERT INTO owner_queues (owner, model, waiting, active, head_created, served, turn)
SELECT owner, model,
    sum(CASE WHEN {WAITING} THEN 1 ELSE 0 END),
    sum(CASE WHEN {FLYING} THEN 1 ELSE 0 END),
    coalesce(min(CASE WHEN {WAITING} THEN created END), 0),
    max(CASE WHEN status IN ('queued', 'running') THEN 0 ELSE dispatched END),
    max(dispatched)
FROM jobs WHERE created BETWEEN 0 AND 1e11 AND dispatched BETWEEN 0 AND 1e11 AND owner IS NOT NULL
GROUP BY owner, model
"""  # noqa: S608 (constants of this file)

FILL_OWNERS = """
UPDATE owners SET
    waiting = coalesce((SELECT sum(waiting) FROM owner_queues q WHERE q.owner = owners.owner), 0),
    active = coalesce((SELECT sum(active) FROM owner_queues q WHERE q.owner = owners.owner), 0),
    head_created = coalesce((SELECT min(head_created) FROM owner_queues q
        WHERE q.owner = owners.owner AND waiting > 0), 0),
    served = coalesce((SELECT max(served) FROM owner_queues q WHERE q.owner = owners.owner), 0),
    turn = coalesce((SELECT max(turn) FROM owner_queues q WHERE q.owner = owners.owner), 0)
"""


def upgrade() -> None:
    """Step to this version."""
    for table, length in (("jobs", 200), ("lives", 100)):
        column = sa.Column("model", sa.String(length=length), nullable=False, server_default="")
        op.add_column(table, column)
    postgresql = op.get_bind().dialect.name == "postgresql"
    model = "split_part(kind, ':', 1)" if postgresql else "substr(kind, 1, instr(kind, ':') - 1)"
    op.execute(f"UPDATE jobs SET model = {model} WHERE kind IS NOT NULL")  # noqa: S608 (as above)
    op.create_index(op.f("ix_lives_model_started"), "lives", ["model", "started"])
    op.create_table(
        "owner_queues",
        sa.Column("owner", sa.String(length=100), primary_key=True),
        sa.Column("model", sa.String(length=200), primary_key=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in TURN[2:]),
    )
    op.execute(FILL)
    op.execute("UPDATE owner_queues SET turn = head_created WHERE head_created > turn")
    _index("ix_owner_queues_turn", "owner_queues", ["model", "active", "turn", "owner"])
    op.drop_index("ix_owners_turn", table_name="owners")
    for name in TURN:
        op.drop_column("owners", name)
    op.drop_index("ix_jobs_waiting", table_name="jobs")
    _index("ix_jobs_waiting", "jobs", ["owner", "model", "created", "id"], WAITING)


def _index(name: str, table: str, columns: list[str], where: str = "waiting > 0") -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Step back: all models share one queue again."""
    op.drop_index("ix_jobs_waiting", table_name="jobs")
    _index("ix_jobs_waiting", "jobs", ["owner", "created", "id"], WAITING)
    for number, name in enumerate(TURN):
        kind = sa.Integer() if number < 2 else sa.Float()
        op.add_column("owners", sa.Column(name, kind, nullable=False, server_default=sa.text("0")))
    op.execute(FILL_OWNERS)
    _index("ix_owners_turn", "owners", ["active", "turn", "owner"])
    op.drop_table("owner_queues")
    op.drop_index(op.f("ix_lives_model_started"), table_name="lives")
    for table in ("jobs", "lives"):
        op.drop_column(table, "model")
