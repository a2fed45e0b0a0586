"""A worker's report, and what is known of it."""

from portal.accounts.roles import Scope
from tests.sites import Site

PATH = "/api/admin/runtime/workers"


def report(site: Site, name: str = "profileEngagement", **fields: object):
    given = {"status": "healthy", "pending": 3, **fields}
    headers = site.bearer(Scope.WORKERS_PUSH)
    return site.client().put(f"{PATH}/{name}", json=given, headers=headers)


def standing(site: Site, name: str = "profileEngagement"):
    return next(one for one in site.portal.overview.take().workers if one.name == name)
