"""Documents as a reader's program gets them."""

from tests.sites import Site


def body(site: Site, path: str) -> bytes:
    answer = site.client().get(path)
    assert answer.status_code == 200, path
    return bytes(answer.data)
