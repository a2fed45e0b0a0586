"""What the room of the notifications holds."""

from dataclasses import dataclass

from portal.core import Core
from portal.notify.broadcasts import Broadcasts, Sender
from portal.notify.channels.letters import Say
from portal.notify.messages import Render
from portal.notify.outbox import Deliveries
from portal.notify.subscribers import Addresses, Links
from portal.notify.subscribers.acts import Subscribers


@dataclass(frozen=True)
class Notify:
    """The acts of operators, signed links, addresses of channels, and what renders a mail."""

    broadcasts: Broadcasts
    deliveries: Deliveries
    subscribers: Subscribers
    links: Links
    addresses: Addresses
    render: Render
    say: Say


def build(core: Core, render: Render, say: Say) -> Notify:
    """`render` makes a mail's text and HTML from its template; `say` a word in a language."""
    settings = core.settings
    addresses = Addresses(core.secret_keys)
    sender = Sender(settings.site_name, settings.url, render, settings.operator_channels)
    return Notify(
        Broadcasts(core.open_session, sender),
        Deliveries(core.open_session),
        Subscribers(core.open_session, addresses),
        Links(core.secret_keys),
        addresses,
        render,
        say,
    )
