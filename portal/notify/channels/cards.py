"""Messages for the channels of subscribers: a card for Slack and Teams, JSON for webhooks."""

import json
from collections.abc import Mapping
from typing import Any

from portal import clock
from portal.notify import messages
from portal.notify.channels import card, slack, teams
from portal.notify.channels.card import Card
from portal.notify.channels.letters import Say, asked_in, topics_of
from portal.notify.messages import Message, Render
from portal.notify.outbox import Claim
from portal.notify.subscribers import CONFIRM_WITHIN, Links, Subscriber, SubscriberKind
from portal.status.notices import Notice, NoticeKind

# Of some notices at a time, in each language.
KEPT = 64
_BODIES = {SubscriberKind.SLACK: slack.body, SubscriberKind.TEAMS: teams.body}


class Cards:
    """Writes the messages of a site to channels."""

    def __init__(self, *, site: str, url: str, links: Links, render: Render, say: Say) -> None:
        self._site, self._url = site, url
        self._links, self._render, self._say = links, render, say
        self._known: dict[tuple[int, str], tuple[Message, Card]] = {}

    def payload(self, claim: Claim, message: Message, names: Mapping[str, str]) -> dict[str, Any]:
        """The body of a delivery."""
        person, notice = claim.subscriber, claim.notice
        assert person is not None
        is_asked = notice.kind == NoticeKind.SUBSCRIPTION
        if person.kind == SubscriberKind.WEBHOOK:
            return self._event(notice, person) if is_asked else self._told(notice, person, names)
        shown = self._question(person) if is_asked else self._notice(notice, message, person)
        return _BODIES[SubscriberKind(person.kind)](shown)

    def _event(self, notice: Notice, person: Subscriber) -> dict[str, Any]:
        """The question to a webhook."""
        shown = self._question(person)
        return {
            "id": str(notice.id),
            "type": "subscription.confirm",
            "occurredAt": clock.iso(person.asked_at),
            "site": {"name": self._site, "url": self._url},
            "message": shown.text,
            "code": shown.code,
            "validUntil": clock.iso(person.asked_at + CONFIRM_WITHIN),
        }

    def _told(self, notice: Notice, person: Subscriber, names: Mapping[str, str]) -> dict[str, Any]:
        """A notice to a webhook; operators change those that they added themselves."""
        told = messages.payload(notice, names, site=self._site, url=self._url)
        if person.by_reader:
            manage, end = self._ways(person)
            told["subscription"] = {"manage": manage, "unsubscribe": end}
        return told

    def _question(self, person: Subscriber) -> Card:
        said, _ = self._render(
            "code",
            language=asked_in(person),
            site_name=self._site,
            topics=topics_of(person, self._say),
        )
        title, asked, how, otherwise, is_right_to_left = json.loads(said)
        return Card(
            site=self._site,
            title=title,
            tone="info",
            text=f"{asked}\n\n{how}",
            code=self._links.code(person),
            foot=otherwise,
            is_right_to_left=is_right_to_left,
        )

    def _notice(self, notice: Notice, message: Message, person: Subscriber) -> Card:
        """A notice; what all subscribers of a language have in common is made once."""
        key = (notice.id, person.language)
        known = self._known.get(key)
        # A component may have another name since.
        if known is None or known[0] != message:
            made = card.of(
                message, self._render, site=self._site, url=self._url, language=person.language
            )
            known = (message, made)
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = known
        return known[1].with_ways(*self._ways(person))

    def _ways(self, person: Subscriber) -> tuple[str, str]:
        """Where the subscription is changed, and where it is ended."""
        manage = self._links.manage(person)
        return f"{self._url}/subscription/{manage}", f"{self._url}/unsubscribe/{manage}"
