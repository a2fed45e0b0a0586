"""The newest migration can be taken back and made again; the newest file is Alembic's head."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from portal.store import schema
from portal.store.base import Base
from tests.sites import Site


def test_the_newest_migration_goes_back_and_forth(either: Site):
    url = either.settings.resolved_database_url
    schema.migrate(url, "downgrade", "-1")
    schema.upgrade(url)
    with either.portal.core.open_session() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_file_is_the_head():
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.head()]
