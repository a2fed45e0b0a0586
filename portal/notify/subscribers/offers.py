"""By what readers may subscribe here."""

from portal.notify.subscribers.subscriber import SubscriberKind
from portal.settings import Settings

CHANNELS = tuple(kind for kind in SubscriberKind if kind is not SubscriberKind.MAIL)


def offered(settings: Settings) -> tuple[SubscriberKind, ...]:
    """What a setting offers: mail with a server for it, channels with an address for links."""
    return tuple(
        kind
        for kind in SubscriberKind
        if kind.value in settings.subscribe_with
        and (settings.smtp_url is not None if kind is SubscriberKind.MAIL else _has_url(settings))
    )


def _has_url(settings: Settings) -> bool:
    return bool(settings.external_url)
