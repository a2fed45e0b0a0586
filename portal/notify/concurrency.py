"""How many calls are under way at once, and in which order: a slow host holds up no other."""

import random
from collections import Counter

from portal.notify.outbox import CHAT
from portal.notify.subscribers import READER, SLACK

THREADS = 16
# How many tries one host, and one chat, has under way.
WEBHOOKS_AT_ONCE = 2
CHATS_AT_ONCE = 1
# One host for all of Slack; each channel has one under way.
SLACK_AT_ONCE = 4
# Of all tries: whoever subscribes with slow hosts holds up nobody whom operators chose.
READERS_AT_ONCE = 12
_AT_ONCE = ((CHAT, CHATS_AT_ONCE), (SLACK, SLACK_AT_ONCE))


def room(queue: str, under_way: Counter[str]) -> int:
    """How many more calls a queue may begin; `under_way` are those of each."""
    most = next((most for kind, most in _AT_ONCE if queue.startswith(kind)), WEBHOOKS_AT_ONCE)
    free = min(most - under_way[queue], THREADS - under_way.total())
    if not queue.startswith(READER):
        return free
    readers = sum(number for one, number in under_way.items() if one.startswith(READER))
    return min(free, READERS_AT_ONCE - readers)


def in_turn(queues: list[str]) -> list[str]:
    """The hosts that readers chose last, and in no order: no name of a host comes first."""
    return sorted(queues, key=lambda one: random.random() + 1 if one.startswith(READER) else 0)
