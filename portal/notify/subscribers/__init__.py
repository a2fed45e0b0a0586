"""Subscribers: people by mail and channels, who asked twice, and webhooks that operators add."""

from portal.notify.subscribers.addresses import Addresses
from portal.notify.subscribers.codes import MOST_TRIES, answer, ask_channel, has_tries
from portal.notify.subscribers.links import Links
from portal.notify.subscribers.offers import CHANNELS, offered
from portal.notify.subscribers.queries import after, counts, page, told
from portal.notify.subscribers.schemas import (
    ChannelIn,
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
    READER,
    SLACK,
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
