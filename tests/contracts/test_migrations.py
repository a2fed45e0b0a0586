"""The newest migration can be taken back and made again."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from portal.store.base import Base
from tests.conftest import Site


def test_the_newest_migration_goes_back_and_forth(either: Site):
    with either.app.app_context():
        downgrade(revision="-1")
        upgrade()
    with either.portal.open_session() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
