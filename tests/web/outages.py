"""A database that is away, and a node that stops."""

from tests.sites import Site


def away(site: Site) -> None:
    """The database goes; nothing can be asked of it from now on."""
    site.portal.core.engine.dispose()
    (site.settings.data_dir / "portal.db").unlink()


def closing(site: Site) -> None:
    """The node is on its way out, and has closed its connections."""
    site.portal.board.is_supervised = True
    site.portal.core.pool.close()
