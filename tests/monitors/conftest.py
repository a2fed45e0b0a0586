"""What tests of monitors share."""

from collections.abc import Iterator

import pytest

from portal.monitors import network
from tests.clocks import StandingClock
from tests.monitors.certificates import Authority
from tests.monitors.watching import Watching
from tests.sites import Site


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that looks trust, as they trust the system's."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.path))
        network.tls.cache_clear()
        yield made
    network.tls.cache_clear()


@pytest.fixture
def world(either: Site, still: StandingClock) -> Iterator[Watching]:
    watching = Watching(either, still)
    watching.component()
    yield watching
    watching.stop()
