"""Webhooks: JSON with a signature that the target can check."""

import hashlib
import hmac
import json
from typing import Any

from portal import clock
from portal.notify import targets
from portal.notify.outbox import Claim, Outcome, Result
from portal.settings import Target

GONE = 410
# A target that says so wants it again.
_AGAIN = {408, 425, 429}


def signature(secret: str, at: int, body: bytes) -> str:
    """The header's value: the instant, and the HMAC-SHA256 of `<instant>.<body>`."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def send(
    claim: Claim,
    payload: dict[str, Any],
    *,
    allowed: tuple[Target, ...],
    look: targets.Lookup = targets.lookup,
    seconds: float = targets.SECONDS,
) -> Outcome:
    """Call the target once."""
    assert claim.subscriber is not None
    body = json.dumps(payload, ensure_ascii=False).encode()
    at = int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Portal",
        "Portal-Delivery": str(claim.delivery),
        "Portal-Signature": signature(claim.subscriber.secret, at, body),
    }
    url = claim.subscriber.address
    try:
        reply = targets.post(url, body, headers, allowed=allowed, look=look, seconds=seconds)
    except targets.TargetError as error:
        return Outcome(claim.delivery, Result.REFUSED, f"Blocked: {error}")
    except TimeoutError:
        return Outcome(claim.delivery, Result.LATER, f"No answer within {seconds:g} s")
    except OSError as error:
        said = error.strerror or str(error) or type(error).__name__
        return Outcome(claim.delivery, Result.LATER, f"No answer: {said}")
    if 200 <= reply.status < 300:
        return Outcome(claim.delivery, Result.SENT)
    if reply.status == GONE:
        return Outcome(claim.delivery, Result.GONE, "The target answered 410: no more, please")
    if 300 <= reply.status < 400:
        reason = f"The target answered {reply.status}; redirects are not followed"
        return Outcome(claim.delivery, Result.REFUSED, reason)
    reason = f"The target answered {reply.status}"
    is_final = 400 <= reply.status < 500 and reply.status not in _AGAIN
    return Outcome(claim.delivery, Result.REFUSED if is_final else Result.LATER, reason)
