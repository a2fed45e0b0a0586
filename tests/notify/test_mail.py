"""From an operator's act to a mail that a real server took."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.notify import outbox, subscribers
from portal.notify.channels import mail
from portal.notify.channels.letters import Letters
from portal.notify.messages import Message
from portal.notify.outbox import Claim, Delivery, State, claims
from portal.notify.subscribers import SubscriptionIn
from portal.settings import MailServer
from portal.status.components import ComponentIn
from portal.status.incidents import IncidentIn, UpdateIn
from portal.status.notices import Notice
from portal.status.windows import WindowAct, WindowIn
from portal.store import engine
from portal.store.lease import Fence
from portal.unit_of_work import By
from portal.worker.delivery import build_dispatcher
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.post import Post, serving, text_of
from tests.processes import until
from tests.sites import Site


@pytest.fixture
def post() -> Iterator[Post]:
    with serving(Post()) as made:
        yield made


def settings(post: Post) -> dict[str, Any]:
    return {
        "smtp_url": MailServer("127.0.0.1", post.port, "offered"),
        "mail_from": "Test status <status@example.com>",
        "mail_rate": 1000.0,
        "external_url": "https://status.example.com",
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def mailing(request: pytest.FixtureRequest, build: Build, post: Post) -> Site:
    if request.param == "sqlite":
        return build(**settings(post))
    address = fresh_database(request.getfixturevalue("postgres"))
    return build(**settings(post), database_url=address)


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def subscribe(site: Site, address: str, **choices: Any) -> None:
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        now = clock.now()
        subscribers.ask(session, SubscriptionIn(address=address, **choices), now=now)
        row = session.query(subscribers.Subscriber).filter_by(address=address).one()
        subscribers.confirm(row, now=now)
        # The question itself is not what these tests look at.
        session.query(Notice).filter_by(kind="subscription").delete()
        session.commit()


class Told:
    """A dispatcher that is turned until nothing is left to do."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.dispatcher = build_dispatcher(site.portal, Fence())

    def __enter__(self) -> "Told":
        return self

    def __exit__(self, *_: object) -> None:
        self.dispatcher.stop()

    def is_quiet(self) -> bool:
        """Take a turn; whether it left nothing to do and nothing under way."""
        return not self.dispatcher.run_once() and not self.dispatcher.is_waiting

    def run(self, seconds: float = 60) -> None:
        """Until no delivery is due and none is under way."""

        def is_done() -> bool:
            if self.dispatcher.run_once():
                return False
            with self.site.portal.core.open_session() as session:
                due = session.query(Delivery).filter(
                    (Delivery.state == State.SENDING)
                    | ((Delivery.state == State.PENDING) & (Delivery.due_at <= clock.now()))
                )
                return due.count() == 0 and not outbox.has_unaddressed(session, now=clock.now())

        until(is_done, seconds=seconds, what="the end of the deliveries")


def states(site: Site) -> dict[str, int]:
    with site.portal.core.open_session() as session:
        found: dict[str, int] = {}
        for row in session.query(Delivery):
            found[row.state] = found.get(row.state, 0) + 1
        return found


def an_incident(**values: Any) -> IncidentIn:
    return IncidentIn.model_validate(
        {"title": "Payments fail", "impact": "major", "message": "We **look** into it."} | values
    )


def test_an_incident_is_told_to_the_end_in_one_thread(mailing: Site, post: Post):
    subscribe(mailing, "ada@example.com")
    status = mailing.portal.status
    with Told(mailing) as told:
        row = status.incidents.open(By("test"), an_incident())
        told.run()
        status.incidents.update(
            By("test"),
            row.reference,
            UpdateIn(status="resolved", message="All is well.", root_cause_category="deploy"),
        )
        told.run()
    first, last = post.to("ada@example.com")
    assert first["Subject"] == "[Test status] Investigating: Payments fail"
    assert last["Subject"] == "[Test status] Resolved: Payments fail"
    assert first["References"] == last["References"] == last["In-Reply-To"]
    assert first["Message-ID"] != last["Message-ID"]
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # As bytes: what reads these headers knows nothing of encoded words.
    for name in (b"List-Unsubscribe: <https://", b"References: <", b"In-Reply-To: <"):
        assert name in post.raw[0]
    assert b"=?" not in post.raw[0]
    link = re.fullmatch(
        r"<(https://status\.example\.com/unsubscribe/\S+)>", first["List-Unsubscribe"]
    )
    assert link
    text, html = text_of(first), text_of(first, "html")
    assert "We **look** into it." in text
    assert "<strong>look</strong>" in html
    for body in (text, html):
        assert f"https://status.example.com/incidents/{row.reference}" in body
        assert link.group(1) in body
    assert states(mailing) == {"sent": 2}


def test_what_is_not_public_is_told_to_nobody(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident(audiences=["operations"]))
        told.run()
    assert post.taken == []


def test_components_and_topics_choose(site: Site, post: Post):
    for slug in ("api", "web"):
        site.portal.status.components.add(By("test"), ComponentIn(slug=slug, name=slug.upper()))
    hidden = ComponentIn(slug="vault", name="Secret vault", is_public=False)
    site.portal.status.components.add(By("test"), hidden)
    subscribe(site, "all@example.com")
    subscribe(site, "api@example.com", components=["api"])
    subscribe(site, "web@example.com", components=["web"])
    subscribe(site, "planned@example.com", topics=["maintenance"])
    impacts = [{"component": one, "state": "major_outage"} for one in ("api", "vault")]
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident(components=impacts))
        told.run()
    assert sorted(address for address, _ in post.taken) == ["all@example.com", "api@example.com"]
    mail = post.to("api@example.com")[0]
    assert "Affected: API (major outage)" in text_of(mail)
    assert "vault" not in mail.as_string().lower()


def test_a_longer_window_says_previously_and_now(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    given = WindowIn(
        title="Migration", zone="Europe/Berlin", ends_at=clock.now() + timedelta(minutes=30)
    )
    with Told(site) as told:
        row = site.portal.status.windows.schedule(By("test"), given)
        site.portal.status.windows.act(
            By("test"), row.reference, WindowAct(action="extend", duration="1h")
        )
        told.run()
        still.advance(minutes=20)
        site.portal.status.windows.act(By("test"), row.reference, WindowAct(action="end"))
        told.run()
    first, second, third = post.to("ada@example.com")
    assert "Maintenance is over: Migration" in third["Subject"]
    assert "Previously: Mon 3 Jun, 14:00 – 15:30" in text_of(third)
    assert "Now: Mon 3 Jun, 14:00 – 14:20" in text_of(third)
    assert "Maintenance has begun: Migration" in first["Subject"]
    assert "Maintenance takes longer: Migration" in second["Subject"]
    assert "Previously: Mon 3 Jun, 14:00 – 14:30 (Europe/Berlin, 12:00 – 12:30 UTC)" in text_of(
        second
    )
    assert "Now: Mon 3 Jun, 14:00 – 15:30 (Europe/Berlin, 12:00 – 13:30 UTC)" in text_of(second)


def test_a_title_adds_no_header(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    with Told(site) as told:
        site.portal.status.incidents.open(
            By("test"), an_incident(title="Payments\r\nBcc: eve@example.com\u2028x")
        )
        told.run()
    (mail,) = post.to("ada@example.com")
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Test status] Investigating: Payments Bcc: eve@example.com x"


def test_an_address_that_is_refused_is_a_dead_letter_and_holds_up_nobody(site: Site, post: Post):
    for name in ("ada", "gone", "eve"):
        subscribe(site, f"{name}@example.com")
    post.at_recipient = lambda address: (
        "550 5.1.1 <gone@example.com> no such user" if address.startswith("gone") else None
    )
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    assert sorted(address for address, _ in post.taken) == ["ada@example.com", "eve@example.com"]
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=10)
        assert letter.error == "The recipient: 550 5.1.1 no such user"
        assert outbox.figures(session, now=clock.now()).failed == 1


@pytest.mark.fault(23)
def test_what_is_put_off_is_tried_again_later(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    answers = iter(["450 4.2.1 greylisted", "break", None])
    post.at_mail = lambda mail: next(answers)
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
        assert states(site) == {"pending": 1}
        still.advance(seconds=45)
        told.run()
        assert post.taken == []
        still.advance(seconds=30)
        told.run()
        still.advance(minutes=7)
        told.run()
    assert len(post.to("ada@example.com")) == 1
    assert states(site) == {"sent": 1}


@pytest.mark.fault(23)
def test_one_that_breaks_every_time_is_given_up(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    post.at_mail = lambda mail: "break"
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
        for pause in claims.PAUSES:
            still.advance(seconds=pause.total_seconds() * 1.3)
            told.run()
    assert states(site) == {"dead": 1}
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=10)
    assert letter.attempts == len(claims.PAUSES) + 1
    assert "No word came whether the mail was taken" in letter.error


@pytest.mark.fault(23)
def test_a_server_that_is_away_costs_no_tries(build: Build, post: Post, still: StandingClock):
    with serving(Post()) as other:
        pass  # its port is free now
    site = build(**settings(other))
    subscribe(site, "ada@example.com")
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        for _ in range(30):
            until(told.is_quiet, what="a quiet moment")
            still.advance(minutes=5)
        assert states(site) == {"pending": 1}
        assert "Connection refused" in told.dispatcher.problem
        with serving(other, port=other.port):

            def is_there() -> bool:
                told.dispatcher.run_once()
                still.advance(seconds=10)
                return bool(other.taken)

            until(is_there, what="the mail")
            told.run()
    assert len(other.taken) == 1
    assert told.dispatcher.problem == ""


def test_what_was_put_off_is_not_told_after_the_end(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    answers = iter(["450 4.2.1 greylisted"])
    post.at_mail = lambda mail: next(answers, None)
    status = site.portal.status
    with Told(site) as told:
        row = status.incidents.open(By("test"), an_incident())
        told.run()
        end = UpdateIn(status="resolved", message="Over.", root_cause_category="other")
        status.incidents.update(By("test"), row.reference, end)
        told.run()
        still.advance(minutes=5)
        told.run()
    assert [mail["Subject"] for mail in post.to("ada@example.com")] == [
        "[Test status] Resolved: Payments fail"
    ]
    assert states(site) == {"sent": 1, "dropped": 1}


def test_one_that_cannot_be_written_holds_up_nobody(
    site: Site, post: Post, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ada", "eve"):
        subscribe(site, f"{name}@example.com")
    write = Letters.write

    def stumble(letters: Letters, claim: Claim, message: Message) -> Any:
        assert claim.subscriber is not None
        if claim.subscriber.address.startswith("ada"):
            raise ValueError("nobody foresaw this")
        return write(letters, claim, message)

    monkeypatch.setattr(Letters, "write", stumble)
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    assert [address for address, _ in post.taken] == ["eve@example.com"]
    assert states(site) == {"pending": 1, "sent": 1}


def test_what_a_dead_node_had_taken_is_given_back(mailing: Site, post: Post, still: StandingClock):
    for name in ("ada", "eve"):
        subscribe(mailing, f"{name}@example.com")
    mailing.portal.status.incidents.open(By("test"), an_incident())
    with Told(mailing) as told:
        told.dispatcher._address(clock.now())
        with mailing.portal.core.open_session() as session:
            engine.begin_write(session)
            taken = outbox.claim(session, "mail", by="elsewhere 1", most=1, now=clock.now())
            assert len(taken) == 1
            session.commit()

        told.run()
    assert sorted(address for address, _ in post.taken) == ["ada@example.com", "eve@example.com"]


def test_what_came_back_is_kept_until_it_is_written(
    site: Site, post: Post, monkeypatch: pytest.MonkeyPatch
):
    subscribe(site, "ada@example.com")
    settle, failures = outbox.settle, iter([True, True])

    def busy(*args: Any, **kwargs: Any) -> None:
        if next(failures, False):
            raise OperationalError("settle", {}, Exception("database is locked"))
        settle(*args, **kwargs)

    monkeypatch.setattr(outbox, "settle", busy)
    monkeypatch.setattr(mail, "DATABASE_RETRY_SECONDS", 0.01)
    site.portal.status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.run()
    with Told(site) as told:
        told.run()
    assert len(post.taken) == 1
    assert states(site) == {"sent": 1}


def test_who_delivers_may_change(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    with Told(site) as first, Told(site) as second:
        for told, title in ((first, "One"), (second, "Two"), (first, "Three")):
            site.portal.status.incidents.open(By("test"), an_incident(title=title))
            told.dispatcher.take_over()
            told.run()
    assert len(post.taken) == 3


def test_after_a_long_silence_of_the_server_only_the_last_word_is_sent(
    site: Site, post: Post, still: StandingClock
):
    subscribe(site, "ada@example.com")
    status = site.portal.status
    row = status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.dispatcher._address(clock.now())
        still.advance(minutes=20)
        status.incidents.update(
            By("test"), row.reference, UpdateIn(status="identified", message="x")
        )
        told.run()
    assert [str(mail["Subject"]).split("] ")[1] for _, mail in post.taken] == [
        "Identified: Payments fail"
    ]


def test_what_works_again_is_not_told_as_affected(site: Site, post: Post):
    for slug in ("api", "web"):
        site.portal.status.components.add(By("test"), ComponentIn(slug=slug, name=slug.upper()))
    subscribe(site, "api@example.com", components=["api"])
    both = [{"component": one, "state": "major_outage"} for one in ("api", "web")]
    with Told(site) as told:
        row = site.portal.status.incidents.open(By("test"), an_incident(components=both))
        told.run()
        update = UpdateIn.model_validate(
            {"status": "monitoring", "message": "Half of it.", "components": both[1:]}
        )
        site.portal.status.incidents.update(By("test"), row.reference, update)
        told.run()
    first, second = [text_of(mail) for mail in post.to("api@example.com")]
    assert "Affected: API (major outage), WEB (major outage)" in first
    assert "Affected: WEB (major outage)" in second


def test_what_is_a_day_old_is_no_news(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    site.portal.status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.dispatcher._address(clock.now())
        still.advance(days=1, minutes=1)
        told.run()
    assert post.taken == []
    assert states(site) == {"dead": 1}


def test_who_unsubscribes_hears_no_more(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    site.portal.status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.dispatcher._address(clock.now())
        with site.portal.core.open_session() as session:
            engine.begin_write(session)
            session.query(subscribers.Subscriber).delete()
            session.commit()
        told.run()
    assert post.taken == []
    assert states(site) == {"dropped": 1}


def test_one_cause_is_one_notice(either: Site):
    given = an_incident()
    row = either.portal.status.incidents.open(By("test"), given)
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        from portal.status import notices
        from portal.status.notices import Event, NoticeKind

        for _ in range(2):
            notices.put(
                session,
                NoticeKind.INCIDENT,
                Event.OPENED,
                row.reference,
                notices.Content(title="again", audiences=["public"]),
                now=clock.now(),
            )
        session.commit()
        assert [one.title for one in session.query(Notice)] == ["Payments fail"]
