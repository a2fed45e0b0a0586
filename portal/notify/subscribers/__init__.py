"""Subscribers: people by mail, who asked twice, and webhooks, which operators add."""

from portal.notify.subscribers.links import Links
from portal.notify.subscribers.queries import after, counts, page, told
from portal.notify.subscribers.schemas import (
    Choices,
    Counts,
    MailAddress,
    SubscriberOut,
    SubscriptionIn,
    WebhookIn,
    WebhookOut,
    out,
)
from portal.notify.subscribers.subscriber import (
    CONFIRM_WITHIN,
    MAIL,
    Subscriber,
    SubscriberKind,
    Topic,
    kinds_of,
)
from portal.notify.subscribers.subscribing import (
    ASK_AGAIN_AFTER,
    MOST_UNCONFIRMED,
    TooManyQuestionsError,
    ask,
    choose,
    confirm,
    sweep,
)
