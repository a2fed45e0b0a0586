"""What each web process of `portal serve` loads."""

import threading
import time
from typing import cast

import structlog

from portal.cli import application
from portal.guard.chain import Chain
from portal.runtime.node import Node
from portal.web.gateway import Gateway

_log = structlog.get_logger()
TELL_EVERY_SECONDS = 1.0


def _tell(node: Node) -> None:
    while True:
        try:
            node.publish()
        except OSError as error:
            _log.warning("web.run_directory_unusable", error=type(error).__name__)
        time.sleep(TELL_EVERY_SECONDS)


_app = application.make()
app = Gateway(cast(Chain, _app.wsgi_app))
# A daemon: the server ends its processes without asking threads.
threading.Thread(
    target=_tell, args=(_app.extensions["portal"].node,), daemon=True, name="tell"
).start()
