"""The tables that the migrations make are the tables that the code has."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from portal.store.base import Base
from tests.sites import Site


def test_the_migrations_make_what_the_code_has(either: Site):
    with either.portal.core.open_session() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
