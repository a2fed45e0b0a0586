"""Which addresses a stranger may have called, looked at before anything is sent."""

import pytest
from pydantic import ValidationError

from portal.notify.subscribers import ChannelIn, SubscriberKind, hosts
from portal.notify.targets import TargetError
from tests.notify.addresses import (
    INSIDE,
    INVOKE,
    MALFORMED,
    POWER_URL,
    SLACK,
    SLACK_URL,
    TEAMS,
    TEAMS_URL,
    WEBHOOK,
)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (SLACK, SLACK_URL, SLACK_URL),
        (SLACK, "https://HOOKS.slack.com:443/services/T/B/x#y", "https://hooks.slack.com/services/T/B/x"),
        (SLACK, "https://hooks.slack-gov.com/services/T/B/x", "https://hooks.slack-gov.com/services/T/B/x"),
        (TEAMS, TEAMS_URL, TEAMS_URL),
        (TEAMS, TEAMS_URL.replace(".com/", ".com:443/"), TEAMS_URL),
        (TEAMS, POWER_URL.replace(".com/", ".com:443/"), POWER_URL),
        (WEBHOOK, "https://status.example.com/hook?a=1", "https://status.example.com/hook?a=1"),
        (WEBHOOK, "https://Example.com", "https://example.com/"),
        (WEBHOOK, "https://xn--bcher-kva.example/x", "https://xn--bcher-kva.example/x"),
    ],
)  # fmt: skip
def test_one_spelling_is_kept(kind: SubscriberKind, given: str, kept: str):
    assert hosts.canonical(kind, given) == kept
    assert hosts.canonical(kind, kept) == kept


@pytest.mark.parametrize("kind", [SLACK, TEAMS, WEBHOOK])
@pytest.mark.parametrize(
    "url",
    [
        *INSIDE,
        *(one.replace("http://", "https://") for one in INSIDE),
        *MALFORMED,
        "http://example.com/hook",
        "https://example.com:8443/hook",
        "https://example.com:80/hook",
        "https://93.184.216.34/hook",
        "https://1.1/hook",
        "https://router/",
        "https://router.local/",
        "https://db.internal/",
        "https://x.localhost/",
        "https://nas.home.arpa/",
        "https://example.com./",
        "https://exa_mple.com/",
        "https://-a.example.com/",
        "https://user@example.com/",
        "https://example.com/a b",
        "https://metadata.google.internal/computeMetadata/v1/",
        "",
        "https://",
        "example.com/hook",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_name_outside_is_refused(kind: SubscriberKind, url: str):
    with pytest.raises(TargetError) as caught:
        hosts.canonical(kind, url)
    assert str(caught.value) in hosts.TEXTS


@pytest.mark.parametrize(
    ("kind", "url", "why"),
    [
        (SLACK, "https://hooks.slack.com.example.com/services/T/B/x", "another's name before it"),
        (SLACK, "https://example.com/hooks.slack.com/services/T/B/x", "in the path"),
        (SLACK, "https://evilhooks.slack.com/services/T/B/x", "the name begins elsewhere"),
        (SLACK, "https://slack.com/services/T/B/x", "another host of Slack"),
        (SLACK, "https://hooks.slack.com/api/chat.postMessage", "no hook"),
        (SLACK, "https://hooks.slack.com/services/T/B/x/../../../y", "a path that climbs"),
        (SLACK, f"{SLACK_URL}?to=all", "a query"),
        (SLACK, TEAMS_URL, "one of Teams"),
        (TEAMS, SLACK_URL, "one of Slack"),
        (TEAMS, f"https://logic.azure.com/{INVOKE}", "no host of a tenant"),
        (TEAMS, f"https://evillogic.azure.com/{INVOKE}", "the name begins elsewhere"),
        (TEAMS, f"https://x.logic.azure.com.example.com/{INVOKE}", "another's name before it"),
        (TEAMS, "https://x.logic.azure.com/", "no workflow"),
        (TEAMS, "https://x.webhook.office.com/webhookb2/a/IncomingWebhook/b/c", "retired"),
        (WEBHOOK, SLACK_URL, "one of Slack"),
        (WEBHOOK, TEAMS_URL, "one of Teams"),
        (WEBHOOK, "https://x.webhook.office.com/webhookb2/a/IncomingWebhook/b/c", "retired"),
    ],
)
def test_each_kind_has_its_own_hosts(kind: SubscriberKind, url: str, why: str):
    with pytest.raises(TargetError):
        hosts.canonical(kind, url)


@pytest.mark.parametrize(("url", "name"), [(SLACK_URL, "Slack"), (TEAMS_URL, "Teams")])
def test_an_address_of_another_kind_is_named(url: str, name: str):
    with pytest.raises(TargetError, match=name):
        hosts.canonical(WEBHOOK, url)


def test_the_form_says_what_is_wrong_and_not_what_was_sent():
    with pytest.raises(ValidationError) as caught:
        ChannelIn.model_validate({"kind": "slack", "address": "https://evil.example/secret"})
    (error,) = caught.value.errors(include_url=False, include_input=False, include_context=False)
    assert error["loc"] == ("address",)
    assert "secret" not in error["msg"]
