"""Where an account was signed in from: such an address is let in whatever others do."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_address",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "address", name=op.f("pk_known_address")),
    )


def downgrade() -> None:
    op.drop_table("known_address")
