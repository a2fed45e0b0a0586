"""`/api/admin/runtime/alerts`: what others say holds."""

from datetime import datetime

import structlog
from apiflask import APIBlueprint
from pydantic import Field

from portal import clock, web
from portal.errors import NotFoundError
from portal.runtime import episodes, foreign_alerts, offers
from portal.runtime.acknowledgements import Acknowledged, AlertName
from portal.runtime.alertmanager import Delivery, Taken
from portal.runtime.foreign_alerts import EpisodeEnd, EpisodeOut
from portal.schemas import Camel
from portal.status.incidents import Link, LinkKind
from portal.unit_of_work import By
from portal.web.api import writes

_log = structlog.get_logger()
blueprint = APIBlueprint(
    "alerts_api", __name__, url_prefix="/api/admin/runtime/alerts", tag="Runtime"
)


@blueprint.post("/alertmanager")
@blueprint.input(Delivery, arg_name="delivery")
@blueprint.output(Taken)
def receive(delivery: Delivery) -> Taken:
    """Receive a webhook from Alertmanager or Grafana. Repeated deliveries change nothing."""
    portal = web.current()
    taken = portal.runtime.foreign_alerts.take(By(foreign_alerts.ACTOR), delivery)
    if taken.skipped:
        portal.runtime.counters.alerts_skipped.inc(taken.skipped)
        _log.warning("alerts.skipped", skipped=taken.skipped, taken=len(delivery.alerts))
    return taken


@blueprint.post("/end")
@blueprint.input(EpisodeEnd, arg_name="asked")
@blueprint.output(EpisodeOut)
def end(asked: EpisodeEnd) -> EpisodeOut:
    """End an external alert that was never reported resolved. It opens again when it fires."""
    row = web.current().runtime.foreign_alerts.end(writes.by(), asked.alert, asked.subject)
    return EpisodeOut.of(row)


class AcknowledgementIn(AlertName):
    """`acknowledged: false` takes it back."""

    acknowledged: bool = True


@blueprint.post("/acknowledge")
@blueprint.input(AcknowledgementIn, arg_name="asked")
@blueprint.output(Acknowledged)
def acknowledge(asked: AcknowledgementIn) -> Acknowledged:
    """Acknowledge an alert that holds, so that others need not take care of it."""
    acts = web.current().runtime.acknowledgements
    act = acts.acknowledge if asked.acknowledged else acts.withdraw
    return Acknowledged.of(act(writes.by(), asked.alert, asked.subject))


class OfferQuery(Camel):
    """Which of several alerts of one id; the exporter's has no subject."""

    subject: str = Field(default="", max_length=200)


class Offer(offers.Text):
    """The beginning of an incident, to be sent to `POST incidents` once a person has read it."""

    started_at: datetime
    links: list[Link]


@blueprint.get("/<path:name>/offer")
@blueprint.input(OfferQuery, location="query", arg_name="query")
@blueprint.output(Offer)
def offer(name: str, query: OfferQuery) -> Offer:
    """Get a public text and a note for a lasting alert; 404 when there is none."""
    portal = web.current()
    now = clock.now()
    with portal.core.open_session() as session:
        row = episodes.open_one(session, name, query.subject)
        if row is None or now - row.opened_at <= portal.core.settings.sustained_after:
            raise NotFoundError
        text = offers.offer(session, row, runbook=portal.overview.runbook, now=now)
        return Offer(
            **text.model_dump(),
            started_at=row.opened_at,
            links=[Link(kind=LinkKind.EPISODE, ref=str(row.id))],
        )
