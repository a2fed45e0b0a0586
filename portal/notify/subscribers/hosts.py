"""Which addresses a reader may subscribe: channels of Slack and Teams, and public webhooks.

What operators list in `PORTAL_ALLOWED_TARGETS` does not count here. This checks the text of the
address alone; `portal.notify.targets` checks before each call where its host leads.
"""

import re

from portal.notify import targets
from portal.notify.subscribers.subscriber import SubscriberKind
from portal.notify.targets import TargetError

_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
# Names that no public server has (RFC 6761, RFC 6762, RFC 8375, and what networks use inside).
_INSIDE = {
    "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain",
    "test", "invalid", "onion", "arpa", "alt",
}  # fmt: skip
_SLACK = {"hooks.slack.com", "hooks.slack-gov.com"}
_SLACK_PATH = re.compile(r"/services/\w+/\w+/\w+", re.ASCII)
# Of workflows ("When a Teams webhook request is received"), in the clouds that have them.
_TEAMS = (
    ".logic.azure.com",
    ".logic.azure.us",
    ".api.powerplatform.com",
    ".api.powerplatform.us",
    ".api.gov.powerplatform.microsoft.us",
    ".api.high.powerplatform.microsoft.us",
)
_TEAMS_PATH = re.compile(r"(/\S*)?/workflows/\w+/triggers/\w+/paths/invoke", re.ASCII)
_CONNECTORS = (".webhook.office.com", "outlook.office.com")

TEXTS = (
    _PLAIN := "Write the whole address; it begins with https://.",
    _PORT := "Leave the port out of the address.",
    _PUBLIC := "Give the name of a public host.",
    _IS_SLACK := "This is an address of Slack. Choose Slack.",
    _IS_TEAMS := "This is an address of Microsoft Teams. Choose Teams.",
    _NOT_SLACK := "This is not an incoming webhook of Slack, such as"
    " https://hooks.slack.com/services/…",
    _NOT_TEAMS := "This is not the address of a Teams workflow. Copy it from the workflow"
    " “When a Teams webhook request is received”.",
    _RETIRED := "Microsoft has retired these connectors. Make a workflow in the channel instead.",
)


def canonical(kind: SubscriberKind, url: str) -> str:
    """The address in its one spelling; TargetError says why it is refused."""
    try:
        parts = targets.split(url)
    except TargetError:
        raise TargetError(_PLAIN) from None
    if parts.scheme != "https":
        raise TargetError(_PLAIN)
    if parts.port not in {None, 443}:
        raise TargetError(_PORT)
    host = parts.hostname or ""
    if not _NAME.fullmatch(host) or host.rpartition(".")[2] in _INSIDE:
        raise TargetError(_PUBLIC)
    is_slack, is_teams = host in _SLACK, host.endswith(_TEAMS)
    if kind is SubscriberKind.SLACK:
        if not is_slack or not _SLACK_PATH.fullmatch(parts.path) or parts.query:
            raise TargetError(_NOT_SLACK)
    elif host.endswith(_CONNECTORS):
        raise TargetError(_RETIRED)
    elif kind is SubscriberKind.TEAMS:
        if not is_teams or not _TEAMS_PATH.fullmatch(parts.path):
            raise TargetError(_NOT_TEAMS)
    elif is_slack or is_teams:
        raise TargetError(_IS_SLACK if is_slack else _IS_TEAMS)
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{host}{parts.path or '/'}{query}"
