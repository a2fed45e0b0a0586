"""What the room of the notifications holds."""

from dataclasses import dataclass

from portal.core import Core
from portal.notify.desk import Desk, Sender
from portal.notify.messages import Render
from portal.notify.subscribers import Links


@dataclass(frozen=True)
class Notify:
    """The acts of operators, the signed links of mails, and what renders a mail."""

    desk: Desk
    links: Links
    render: Render


def build(core: Core, render: Render) -> Notify:
    settings = core.settings
    sender = Sender(settings.site_name, settings.url, render, settings.operator_channels)
    return Notify(Desk(core.open_session, sender), Links(core.secret_key), render)
