"""Calling the channels of subscribers: JSON, for webhooks with a signature that they can check."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from portal import clock
from portal.notify import targets
from portal.notify.outbox import Claim, Outcome, Result
from portal.notify.subscribers import SubscriberKind
from portal.notify.targets import Reply
from portal.settings import Target
from portal.status.notices import NoticeKind

_GONE = 410
# Slack says so of a hook that was removed (`no_service`) and of its channel, Teams of a workflow.
_NOT_FOUND = 404
# A target that says so wants it again.
_AGAIN = {408, 425, 429}
_LONGEST_AFTER = timedelta(hours=1)


def signature(secret: str, at: int, body: bytes) -> str:
    """The header's value: the instant, and the HMAC-SHA256 of `<instant>.<body>`."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def send(
    claim: Claim,
    url: str,
    payload: dict[str, Any],
    *,
    allowed: tuple[Target, ...],
    look: targets.Lookup = targets.lookup,
    seconds: float = targets.SECONDS,
) -> Outcome:
    """Call the target once; a question that does not get there is not asked again."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    try:
        reply = targets.post(
            url, body, _headers(claim, body), allowed=allowed, look=look, seconds=seconds
        )
    except targets.TargetError as error:
        outcome = Outcome(claim.delivery, Result.REFUSED, f"Blocked: {error}")
    except TimeoutError:
        outcome = Outcome(claim.delivery, Result.LATER, f"No answer within {seconds:g} s")
    except OSError as error:
        said = error.strerror or str(error) or type(error).__name__
        outcome = Outcome(claim.delivery, Result.LATER, f"No answer: {said}")
    else:
        outcome = _judged(claim, reply)
    if claim.notice.kind == NoticeKind.SUBSCRIPTION and outcome.result is not Result.SENT:
        return Outcome(claim.delivery, Result.UNASKED, outcome.reason)
    return outcome


def _headers(claim: Claim, body: bytes) -> dict[str, str]:
    assert claim.subscriber is not None
    headers = {"Content-Type": "application/json", "User-Agent": "Portal"}
    if claim.subscriber.kind == SubscriberKind.WEBHOOK:
        at = int(clock.now().timestamp())
        headers["Portal-Delivery"] = str(claim.delivery)
        headers["Portal-Signature"] = signature(claim.subscriber.secret, at, body)
    return headers


def _judged(claim: Claim, reply: Reply) -> Outcome:
    """What a status means."""
    assert claim.subscriber is not None
    if 200 <= reply.status < 300:
        return Outcome(claim.delivery, Result.SENT)
    is_webhook = claim.subscriber.kind == SubscriberKind.WEBHOOK
    if reply.status == _GONE and is_webhook:
        return Outcome(claim.delivery, Result.GONE, "The target answered 410: no more, please")
    if reply.status in {_GONE, _NOT_FOUND} and not is_webhook:
        reason = f"The service answered {reply.status}: the channel is gone"
        return Outcome(claim.delivery, Result.GONE, reason)
    if 300 <= reply.status < 400:
        reason = f"The target answered {reply.status}; redirects are not followed"
        return Outcome(claim.delivery, Result.REFUSED, reason)
    reason = f"The target answered {reply.status}"
    is_final = 400 <= reply.status < 500 and reply.status not in _AGAIN
    result = Result.REFUSED if is_final else Result.LATER
    return Outcome(claim.delivery, result, reason, _after(reply))


def _after(reply: Reply) -> timedelta:
    """How long the target wants to be left alone, as far as an hour; it says so in seconds."""
    text = reply.retry_after.strip()
    if not text.isascii() or not text.isdigit():
        return timedelta()
    return timedelta(seconds=min(int(text[:9]), _LONGEST_AFTER.total_seconds()))
