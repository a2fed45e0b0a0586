"""What operators write may have translations, as may what is told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TABLES = ("announcement", "window", "window_series", "incident", "incident_update", "notice")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(
            table,
            sa.Column("translations", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_column(table, "translations")
