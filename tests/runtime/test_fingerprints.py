"""By what an alert of others is told apart: its fingerprint, or else its labels."""

import pytest

from portal.runtime.alertmanager import ForeignAlert

pytestmark = pytest.mark.unit
LABELS = {"alertname": "HighLatency", "instance": "a"}


def fingerprint(sent: str = "", labels: dict[str, str] | None = None) -> str:
    given = {"status": "firing", "labels": labels or LABELS, "fingerprint": sent}
    return ForeignAlert.model_validate(given).fingerprint


@pytest.mark.parametrize(
    "sent", ["a" * 8, "a" * 64, "0123456789abcdef", "fedcba9876543210fedcba9876543210"]
)
def test_a_fingerprint_of_8_to_64_hexadecimal_digits_is_kept(sent: str):
    assert fingerprint(sent) == fingerprint(f" {sent.upper()} ") == sent


@pytest.mark.parametrize("sent", ["", "a" * 7, "a" * 65, "0123456789abcdefg", "01234567-89abcdef"])
def test_any_other_is_made_up_for_by_one_of_its_own(sent: str):
    found = fingerprint(sent)
    assert found != sent
    assert len(found) == 16
    assert fingerprint(sent) == found


def test_labels_are_the_same_in_whatever_order_they_come():
    assert fingerprint(labels=dict(reversed(LABELS.items()))) == fingerprint()
    assert fingerprint(labels={**LABELS, "instance": "b"}) != fingerprint()
