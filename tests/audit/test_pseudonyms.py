"""What becomes of addresses: pseudonyms, and the chain stays whole."""

from sqlalchemy import text

from portal.audit import addresses, chain
from portal.worker import retention
from tests.audit.segments import events, fill, verdict
from tests.clocks import StandingClock
from tests.sites import Site


def test_addresses_turn_into_pseudonyms_and_the_chain_stays_whole(
    either: Site, still: StandingClock
):
    fill(either, 2)
    fill(either, 1, address="2001:db8::7")
    assert [event.detail["address"] for event in events(either)] == [
        "203.0.113.9",
        "203.0.113.9",
        "2001:db8::7",
    ]
    with either.portal.core.open_session() as session:
        stored = str(session.execute(text("SELECT detail FROM audit_event")).all())
    assert "203.0.113.9" not in stored
    assert "2001:db8" not in stored
    still.advance(days=89)
    fill(either, 1, address="198.51.100.1")
    retention.sweep(either.portal)
    assert events(either)[0].detail["address"] == "203.0.113.9"
    still.advance(days=2)
    retention.sweep(either.portal)
    first, second, third, fourth = (event.detail["address"] for event in events(either))
    assert first == second != third
    assert first.startswith("addr-")
    assert fourth == "198.51.100.1"
    assert verdict(either) == chain.Verdict(4, None)
    still.advance(days=60)
    retention.sweep(either.portal)
    with either.portal.core.open_session() as session:
        assert set(addresses.salts(session)) == {"2030-08"}


def test_the_values_of_blocks_are_addresses_too_and_names_are_not(site: Site):
    headers = site.bearer()
    for value, scope in (("203.0.113.0/24", "range"), ("https://bad.example", "origin")):
        made = site.client().post(
            "/api/admin/runtime/maintenance/perimeter/blocks",
            json={"scope": scope, "value": value, "duration": "1h", "reason": "test"},
            headers=headers,
        )
        assert made.status_code == 201, made.get_json()
    with site.portal.core.open_session() as session:
        stored = str(session.execute(text("SELECT detail FROM audit_event")).all())
    assert "203.0.113.0" not in stored
    assert "https://bad.example" in stored
    told = site.client().get("/api/admin/runtime/audit?type=perimeter", headers=headers)
    assert "203.0.113.0/24" in told.get_data(as_text=True)


def test_an_altered_address_is_named(either: Site):
    fill(either, 3)
    with either.portal.core.open_session() as session:
        session.execute(text("UPDATE audit_address SET address = '192.0.2.1' WHERE seq = 2"))
        session.commit()
    found = verdict(either)
    assert (found.first_bad_seq, found.reason) == (2, "its address was changed")
