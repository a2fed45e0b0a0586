"""An address stands beside its event under a pseudonym, and can be forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit import addresses, search
from portal.audit.addresses import Address, Salt
from portal.audit.chain import Verdict
from tests.audit.log import refuse, verdict
from tests.instants import DAY, NOW


def test_an_address_stands_beside_its_event_under_a_pseudonym(session: Session):
    first, second = refuse(session, "192.0.2.1"), refuse(session, "192.0.2.1")
    other, month = refuse(session, "192.0.2.2"), refuse(session, "192.0.2.1", NOW + 40 * DAY)
    said = [row.detail["address"] for row in (first, second, other, month)]
    assert said[0] == said[1]
    assert len(set(said)) == 3
    assert said[0].startswith("addr-")
    assert addresses.known(session, [1, 3]) == {
        1: {"address": "192.0.2.1"},
        3: {"address": "192.0.2.2"},
    }
    (shown, *_), _ = search.search(session)
    assert shown.detail["address"] == "192.0.2.1"
    assert set(addresses.salts(session)) == {"2030-06", "2030-07"}
    assert verdict(session) == Verdict(4, None)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("value", "is_address"),
    [
        ("192.0.2.1", True),
        ("192.0.2.7/24", True),
        ("2001:db8::1", True),
        ("garbage", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_what_is_an_address(value, is_address):
    assert addresses._is_address(value) is is_address


def test_what_is_no_address_stays_as_it_is(session: Session):
    row = refuse(session, "unknown")
    assert row.detail["address"] == "unknown"
    assert session.scalars(select(Salt)).all() == []


def test_an_address_that_was_altered_is_found(session: Session):
    refuse(session, "192.0.2.1")
    session.execute(update(Address).values(address="192.0.2.9"))
    session.expire_all()
    assert verdict(session) == Verdict(0, 1, "its address was changed")
    assert not addresses.is_true({}, NOW, "addr-", "192.0.2.1")


def test_addresses_are_forgotten_and_the_chain_stays_whole(session: Session):
    refuse(session, "192.0.2.1", NOW - 60 * DAY)
    refuse(session, "192.0.2.2", NOW - 3 * DAY)
    refuse(session, "192.0.2.3", NOW - 3 * DAY + timedelta(milliseconds=1))
    assert addresses.forget(session, now=NOW, after=3 * DAY) == 2
    assert set(addresses.known(session, [1, 2, 3])) == {3}
    # Of a month that is over no salt is left; the one that began after it stays.
    assert set(addresses.salts(session)) == {"2030-05"}
    assert verdict(session) == Verdict(3, None)
    assert addresses.forget(session, now=NOW + 30 * DAY, after=DAY) == 1
    assert addresses.salts(session) == {}
