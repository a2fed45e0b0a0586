"""Delivering what the outbox holds: a step at a time, by whichever worker holds the lease."""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from portal import clock
from portal.durations import spoken
from portal.notify import messages, outbox
from portal.notify.channels import chat, webhook
from portal.notify.channels.mail import Mail
from portal.notify.messages import Render
from portal.notify.outbox import CHAT, Claim, Figures, Outcome, Result
from portal.notify.subscribers import MAIL
from portal.settings import Settings
from portal.store.revision import transaction

_log = structlog.get_logger()
THREADS = 16
# How many tries one host, and one chat, has under way.
WEBHOOKS_AT_ONCE = 2
CHATS_AT_ONCE = 1
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
RELEASE_EVERY = timedelta(seconds=30)


@dataclass
class CircuitBreaker:
    """A way out that cannot be used: since when, why, and when it is tried again."""

    since: datetime
    reason: str
    pause: timedelta
    until: datetime


def node_name(folder: Path) -> str:
    """A name of this node that outlives its processes; kept beside the journal."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "outbox.node"
    try:
        with path.open("x") as file:
            file.write(secrets.token_hex(8))
    except FileExistsError:
        pass
    return path.read_text()


class Dispatcher:
    """Addresses notices, claims deliveries, hands them to the channels, writes down how it went."""

    def __init__(
        self,
        open_session: Callable[[], Session],
        settings: Settings,
        *,
        mail: Mail | None,
        render: Render,
    ) -> None:
        self._open_session = open_session
        self._settings, self._render = settings, render
        self._mail = mail
        self._is_mail_recovered = mail is None
        self._node = node_name(settings.data_dir)
        self._me = f"{self._node} {secrets.token_hex(4)}"
        self._chats = dict(
            zip(chat.names(settings.operator_channels), settings.operator_channels, strict=True)
        )
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="notify")
        self._calls: dict[Future[Outcome], Claim] = {}
        self._breakers: dict[str, CircuitBreaker] = {}
        # What came back and is not written down yet: the only copy, until it is.
        self._unsettled: list[tuple[str, Outcome]] = []
        self._released_at: datetime | None = None
        self._recovering_since: datetime | None = None

    def run_once(self) -> bool:
        """One step of everything; True when the next should follow at once."""
        now = clock.now()
        self._look_after_mail(now)
        is_busy = self._settle(now)
        if self._released_at is None or abs(now - self._released_at) >= RELEASE_EVERY:
            self._release(now)
            self._released_at = now
        is_busy |= self._address(now)
        is_busy |= self._send(now)
        return is_busy

    def stand_by(self) -> None:
        """Another leads now: the courier ends with what it is at, and its journal is free."""
        if self._mail is not None and self._mail.is_running:
            self._mail.stop()
            self._is_mail_recovered = False
        self._released_at = None

    def _release(self, now: datetime) -> None:
        """Give back what those took who are not there any more."""
        under_way = {claim.delivery for claim in self._calls.values()}
        under_way |= {outcome.delivery for _, outcome in self._unsettled}
        under_way |= self._mail.under_way if self._mail is not None else set()

        with transaction(self._open_session) as (session, _):
            for is_mail in (False, True) if self._is_mail_recovered else (False,):
                outbox.release(
                    session,
                    of=self._node,
                    but=self._me,
                    under_way=under_way,
                    is_mail=is_mail,
                    now=now,
                )

    @property
    def is_waiting(self) -> bool:
        """Whether something is under way, so that an answer may come at any moment."""
        return bool(self._calls) or (self._mail is not None and bool(self._mail.under_way))

    def figures(self) -> Figures:
        """The outbox as a queue."""
        with self._open_session() as session:
            return outbox.figures(session, now=clock.now())

    @property
    def problem(self) -> str:
        """What has kept a way out closed for a minute or more, in a sentence; or nothing."""
        now = clock.now()
        since = self._recovering_since
        if since is not None and now - since >= timedelta(minutes=1):
            return "The courier waits for the end of another one, and no mail is sent meanwhile"
        for breaker in self._breakers.values():
            if now - breaker.since >= timedelta(minutes=1):
                return f"{breaker.reason}; for {spoken((now - breaker.since).total_seconds())}"
        return ""

    def stop(self) -> None:
        """Begin nothing new; what is under way comes to its end, and is written down."""
        if self._mail is not None:
            self._mail.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._settle(clock.now())

    def _look_after_mail(self, now: datetime) -> None:
        mail = self._mail
        if mail is None:
            return
        if not mail.is_running:
            # The next courier tells first what the last one did.
            self._is_mail_recovered = False
            self._recovering_since = self._recovering_since or now
            mail.start()
        if not self._is_mail_recovered and mail.is_ready:
            found = mail.outcomes()
            told = {one.delivery for one in found}
            found += [
                Outcome(number, Result.CLOSED, "The courier died")
                for number in mail.forget()
                if number not in told
            ]
            self._unsettled += [(MAIL, one) for one in found]
            self._is_mail_recovered, self._recovering_since = True, None
            # Before anything of an earlier courier is given back, what it did is written down.
            self._settle(now)
            self._release(now)

    def _settle(self, now: datetime) -> bool:
        if self._mail is not None and self._is_mail_recovered:
            self._unsettled += [(MAIL, one) for one in self._mail.outcomes()]
        for call in [one for one in self._calls if one.done()]:
            claim = self._calls.pop(call)
            if call.cancelled():
                outcome = Outcome(claim.delivery, Result.CLOSED, "Stopped before it was sent")
            elif (error := call.exception()) is not None:
                _log.error("notify.channel_failed", queue=claim.queue, error=repr(error))
                outcome = Outcome(claim.delivery, Result.LATER, type(error).__name__)
            else:
                outcome = call.result()
            self._unsettled.append((claim.queue, outcome))
        found = list(self._unsettled)
        if found:
            with transaction(self._open_session) as (session, _):
                outbox.settle(session, [one for _, one in found], of=self._node, now=now)
            del self._unsettled[: len(found)]
            for queue, one in found:
                self._learn(queue, one, now)
        if self._mail is not None and self._is_mail_recovered:
            self._mail.clear()
        return bool(found)

    def _learn(self, queue: str, outcome: Outcome, now: datetime) -> None:
        """Whether a way out is open, by what came back from it."""
        breaker = self._breakers.get(queue)
        if outcome.result is not Result.CLOSED:
            self._breakers.pop(queue, None)
        elif breaker is None:
            self._breakers[queue] = CircuitBreaker(
                now, outcome.reason, FIRST_PAUSE, now + FIRST_PAUSE
            )
            _log.warning("notify.closed", queue=queue, reason=outcome.reason)
        elif now >= breaker.until:
            breaker.pause = min(breaker.pause * 2, LONGEST_PAUSE)
            breaker.until, breaker.reason = now + breaker.pause, outcome.reason

    def _address(self, now: datetime) -> bool:
        with self._open_session() as session:
            if not outbox.has_unaddressed(session):
                return False
        with transaction(self._open_session) as (session, _):
            return outbox.address(session, self._chats, now=now)

    def _send(self, now: datetime) -> bool:
        with self._open_session() as session:
            due = outbox.queues(session, now=now)
        sent = False
        for queue in due:
            breaker = self._breakers.get(queue)
            # A clock that was set back must not keep it closed.
            if breaker is not None and breaker.until - LONGEST_PAUSE <= now < breaker.until:
                continue
            room = self._room(queue)
            if room > 0:
                sent |= self._send_on(queue, room, now)
        return sent

    def _room(self, queue: str) -> int:
        if queue == MAIL:
            if self._mail is None:
                return outbox.AT_ONCE
            if not self._is_mail_recovered:
                return 0
            return self._mail.room
        under_way = Counter(claim.queue for claim in self._calls.values())
        most = CHATS_AT_ONCE if queue.startswith(CHAT) else WEBHOOKS_AT_ONCE
        return min(most - under_way[queue], THREADS - len(self._calls))

    def _send_on(self, queue: str, room: int, now: datetime) -> bool:
        with transaction(self._open_session) as (session, _):
            claims = outbox.claim(session, queue, by=self._me, most=room, now=now)
            names = messages.names(session, has_hidden=queue.startswith(CHAT))
        for claim in claims:
            try:
                outcome = self._hand_over(claim, names)
            except Exception as error:
                # One that cannot be written must not hold up those behind it.
                _log.exception("notify.unwritten", delivery=claim.delivery)
                outcome = Outcome(
                    claim.delivery, Result.LATER, f"It cannot be written: {type(error).__name__}"
                )
            if outcome is not None:
                self._unsettled.append((queue, outcome))
        return bool(claims)

    def _hand_over(self, claim: Claim, names: Mapping[str, str]) -> Outcome | None:
        """Begin a delivery; an outcome at once when there is no way."""
        if claim.queue == MAIL:
            if self._mail is None:
                return Outcome(claim.delivery, Result.REFUSED, "No mail server is set")
            self._mail.send(claim, messages.of(claim.notice, names))
            return None
        if claim.queue.startswith(CHAT):
            address = self._chats.get(claim.recipient.removeprefix(CHAT))
            if address is None:
                return Outcome(claim.delivery, Result.REFUSED, "This chat is not set any more")
            call = self._pool.submit(
                chat.send,
                claim,
                messages.of(claim.notice, names),
                address,
                site=self._settings.site_name,
                url=self._settings.url,
                render=self._render,
            )
        else:
            payload = messages.payload(
                claim.notice, names, site=self._settings.site_name, url=self._settings.url
            )
            call = self._pool.submit(
                webhook.send, claim, payload, allowed=self._settings.allowed_targets
            )
        self._calls[call] = claim
        return None
