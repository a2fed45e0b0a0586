"""`/api/admin/runtime/alerts`: what others say holds."""

from apiflask import APIBlueprint
from flask import current_app

from portal import clock
from portal.runtime import alertmanager
from portal.runtime.alertmanager import Delivery, Taken
from portal.store import engine
from portal.store.trouble import retried
from portal.web.api.writes import ERRORS

blueprint = APIBlueprint(
    "alerts_api", __name__, url_prefix="/api/admin/runtime/alerts", tag="Runtime"
)


@blueprint.post("/alertmanager")
@blueprint.input(Delivery, arg_name="delivery")
@blueprint.output(Taken)
@blueprint.doc(security="token", responses=ERRORS)
def receive(delivery: Delivery) -> Taken:
    """Take a delivery of Alertmanager's webhook, version 4; a repeated one changes nothing."""
    portal = current_app.extensions["portal"]

    @retried
    def take() -> Taken:
        with portal.open_session() as session:
            engine.begin_write(session)
            taken = alertmanager.take(session, delivery, now=clock.now())
            session.commit()
            return taken

    return take()
