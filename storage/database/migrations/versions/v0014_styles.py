"""The styles that people have uploaded."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step to this version; nobody has a style yet."""
    op.create_table(
        "styles",
        sa.Column("owner", sa.String(length=100), primary_key=True),
        sa.Column("name", sa.String(length=40), primary_key=True),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
    )
    op.create_index("ix_styles_file", "styles", ["file"])


def downgrade() -> None:
    """Step back."""
    op.drop_table("styles")
