"""Delivering what the outbox holds: a step at a time, by whichever worker holds the lease."""

import secrets
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session

from portal import clock
from portal.ciphers import UnreadableError
from portal.core import Core
from portal.durations import spoken
from portal.notify import concurrency, messages, outbox
from portal.notify.channels import chat, webhook
from portal.notify.channels.cards import Cards
from portal.notify.channels.mail import Mail
from portal.notify.circuit_breaker import CircuitBreaker
from portal.notify.messages import Message, Render
from portal.notify.outbox import CHAT, Claim, Figures, Outcome, Result
from portal.notify.subscribers import MAIL, Addresses
from portal.settings import Target
from portal.status.notices import NoticeKind
from portal.store.lease import Fence
from portal.store.revision import transaction

_log = structlog.get_logger()
RELEASE_EVERY = timedelta(seconds=20)
# How often it looks whether newer news supersedes what waits.
PAIRS_EVERY = timedelta(seconds=1)


class Dispatcher:
    """Addresses notices, claims deliveries, hands them to the channels, writes down how it went."""

    def __init__(
        self,
        core: Core,
        fence: Fence,
        *,
        mail: Mail | None,
        render: Render,
        cards: Cards,
        addresses: Addresses,
        for_readers: tuple[Target, ...] = (),
    ) -> None:
        """`for_readers` are hosts inside that channels of readers may be; there are none."""
        self._settings, self._render, self._mail = core.settings, render, mail
        self._cards, self._addresses, self._for_readers = cards, addresses, for_readers
        # Claims are for who leads; how a try went is written down whoever leads by then.
        self._open_session = partial(Session, core.engine, info={"fence": fence})
        self._open_unfenced = partial(Session, core.engine)
        self._name = secrets.token_hex(8)
        chats = self._settings.operator_channels
        self._chats = dict(zip(chat.names(chats), chats, strict=True))
        self._pool = ThreadPoolExecutor(concurrency.THREADS, thread_name_prefix="notify")
        self._calls: dict[Future[Outcome], Claim] = {}
        self._breakers: dict[str, CircuitBreaker] = {}
        # What came back and is not written down yet: the only copy, until it is.
        self._unsettled: list[tuple[Claim, Outcome]] = []
        self._released_at: datetime | None = None
        # Of each pair the last delivery that was looked at; None once all were.
        self._superseded: dict[outbox.Pair, int | None] = {}
        self._paired_at: datetime | None = None

    def run_once(self) -> bool:
        """One step of everything; True when the next should follow at once."""
        now = clock.now()
        is_busy = self._settle(now)
        if self.must_release(now):
            self._release(now)
            self._released_at = now
        is_busy |= self._address(now)
        is_busy |= self._send(now)
        return is_busy

    def must_release(self, now: datetime) -> bool:
        """Whether it is time to look after what others took and do not deliver."""
        return self._released_at is None or abs(now - self._released_at) >= RELEASE_EVERY

    def take_over(self) -> None:
        """Others delivered until now: what they left, and what this one left, is given back."""
        self._name, self._released_at = secrets.token_hex(8), None

    def stand_by(self) -> None:
        """While another delivers: write down what is still under way here."""
        self._settle(clock.now())

    def _release(self, now: datetime) -> None:
        """Give back what others took who deliver no more."""
        under_way = {claim.delivery for claim in self._calls.values()}
        under_way |= {outcome.delivery for _, outcome in self._unsettled}
        under_way |= self._mail.under_way if self._mail is not None else set()
        with transaction(self._open_session) as (session, _):
            outbox.release(session, by=self._name, under_way=under_way, now=now)

    @property
    def is_waiting(self) -> bool:
        """Whether something is under way, so that an answer may come at any moment."""
        if self._calls or self._unsettled:
            return True
        return self._mail is not None and bool(self._mail.under_way)

    def figures(self) -> Figures:
        """The outbox as a queue."""
        with self._open_session() as session:
            return outbox.figures(session, now=clock.now())

    @property
    def problem(self) -> str:
        """What has kept a channel closed for a minute or more, in a sentence; or nothing."""
        now = clock.now()
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

    def _settle(self, now: datetime) -> bool:
        mails = self._mail.finished() if self._mail is not None else []
        for outcome in mails:
            self._learn(MAIL, outcome, now)
        for call in [one for one in self._calls if one.done()]:
            claim = self._calls.pop(call)
            if call.cancelled():
                outcome = Outcome(claim.delivery, Result.CLOSED, "Stopped before it was sent")
            elif (error := call.exception()) is not None:
                _log.error("notify.channel_failed", queue=claim.queue, error=repr(error))
                outcome = Outcome(claim.delivery, Result.LATER, type(error).__name__)
            else:
                outcome = call.result()
            self._unsettled.append((claim, outcome))
        found = list(self._unsettled)
        if found:
            with transaction(self._open_unfenced) as (session, _):
                outbox.settle(session, found, now=now)
            del self._unsettled[: len(found)]
            for claim, outcome in found:
                self._learn(claim.queue, outcome, now)
        return bool(found or mails)

    def _learn(self, queue: str, outcome: Outcome, now: datetime) -> None:
        """Whether a channel is open, by what came back from it."""
        breaker = self._breakers.get(queue)
        if outcome.result is not Result.CLOSED:
            self._breakers.pop(queue, None)
        elif breaker is None:
            self._breakers[queue] = CircuitBreaker.opened(outcome.reason, now=now)
            _log.warning("notify.closed", queue=queue, reason=outcome.reason)
        else:
            breaker.failed(outcome.reason, now=now)

    def _address(self, now: datetime) -> bool:
        with self._open_session() as session:
            if not outbox.has_unaddressed(session, now=now):
                return False
        with transaction(self._open_session) as (session, _):
            return outbox.address(session, self._chats, now=now, has_mail=self._mail is not None)

    def _send(self, now: datetime) -> bool:
        with self._open_session() as session:
            due = outbox.queues(session, now=now)
        sent = bool(due) and self._drop_superseded(now)
        for queue in concurrency.in_turn(due):
            breaker = self._breakers.get(queue)
            # A clock that was set back must not keep it closed.
            if breaker is not None and breaker.holds(now):
                continue
            room = self._room(queue)
            if queue == MAIL and self._mail is None:
                sent |= self._give_up_mail(now)
            elif room > 0:
                sent |= self._send_on(queue, room, now)
        return sent

    def _drop_superseded(self, now: datetime) -> bool:
        """Drop what newer news supersedes, some thousands a step and beside what is sent.

        Once nothing of a pair is left to drop, nothing will be: both are addressed.
        """
        if self._paired_at is not None and abs(now - self._paired_at) < PAIRS_EVERY:
            return False
        with self._open_session() as session:
            pairs = outbox.pairs(session, now=now)
        known = self._superseded
        self._superseded = {pair: known.get(pair, 0) for pair in pairs}
        for pair, behind in sorted(self._superseded.items()):
            if behind is not None:
                with transaction(self._open_session) as (session, _):
                    count, last = outbox.drop_superseded(session, pair, behind=behind, now=now)
                self._superseded[pair] = last
                return count > 0 or last is not None
        self._paired_at = now
        return False

    def _room(self, queue: str) -> int:
        if queue == MAIL:
            if self._mail is None:
                return outbox.AT_ONCE
            # Many at a time: one claim takes about as long as ten mails.
            room = self._mail.room
            return room if room >= len(self._mail.under_way) else 0
        return concurrency.room(queue, Counter(claim.queue for claim in self._calls.values()))

    def _send_on(self, queue: str, room: int, now: datetime) -> bool:
        with transaction(self._open_session) as (session, _):
            claims = outbox.claim(session, queue, by=self._name, most=room, now=now)
            names = messages.names(session, has_hidden=queue.startswith(CHAT))
        told: dict[tuple[int, str], Message] = {}
        for claim in claims:
            try:
                language = claim.subscriber.language if claim.subscriber else ""
                key = claim.notice.id, language
                if key not in told:
                    told[key] = messages.of(claim.notice, names, language)
                outcome = self._hand_over(claim, names, told[key])
            except Exception as error:
                # One that cannot be written must not hold up those behind it.
                _log.exception("notify.unwritten", delivery=claim.delivery)
                outcome = Outcome(
                    claim.delivery, Result.LATER, f"It cannot be written: {type(error).__name__}"
                )
            if outcome is not None:
                self._unsettled.append((claim, outcome))
        return bool(claims) or claims.settled > 0

    def _give_up_mail(self, now: datetime) -> bool:
        """Without a server: one dead letter a notice, which speaks for all who wait for it."""
        with transaction(self._open_session) as (session, _):
            claims = outbox.claim(session, MAIL, by=self._name, most=1, now=now)
            for claim in claims:
                outbox.give_up(session, claim.notice.id, outbox.NO_SERVER, now=now, is_said=True)
        self._unsettled += [
            (claim, Outcome(claim.delivery, Result.REFUSED, outbox.NO_SERVER)) for claim in claims
        ]
        return bool(claims) or claims.settled > 0

    def _hand_over(
        self, claim: Claim, names: Mapping[str, str], message: Message
    ) -> Outcome | None:
        """Begin a delivery; an outcome at once when it cannot be begun."""
        if claim.queue == MAIL:
            assert self._mail is not None
            self._mail.send(claim, message)
            return None
        if claim.queue.startswith(CHAT):
            address = self._chats.get(claim.recipient.removeprefix(CHAT))
            if address is None:
                return Outcome(claim.delivery, Result.REFUSED, "This chat is not set any more")
            call = self._pool.submit(
                chat.send,
                claim,
                message,
                address,
                site=self._settings.site_name,
                url=self._settings.url,
                render=self._render,
            )
        else:
            assert claim.subscriber is not None
            try:
                url = self._addresses.of(claim.subscriber)
            except UnreadableError:
                return Outcome(claim.delivery, Result.REFUSED, "The secret key has changed")
            payload = self._cards.payload(claim, message, names)
            call = self._pool.submit(
                webhook.send, claim, url, payload, allowed=self._allowed(claim)
            )
        self._calls[call] = claim
        return None

    def _allowed(self, claim: Claim) -> tuple[Target, ...]:
        """What a call may reach beside the open internet: of strangers and their questions none."""
        assert claim.subscriber is not None
        is_asked = claim.notice.kind == NoticeKind.SUBSCRIPTION
        if claim.subscriber.by_reader or is_asked:
            return self._for_readers
        return self._settings.allowed_targets
