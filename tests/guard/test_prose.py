"""Prose is never refused, in any body and any field that it is written into."""

import json
import re
from datetime import timedelta
from urllib.parse import urlencode

from portal import clock
from portal.guard import waf
from portal.settings import DeclaredWorker
from tests.conftest import Build
from tests.guard.corpus import prose
from tests.guard.requests import asked
from tests.sites import figure


def test_prose_is_never_refused_in_any_body(engine: waf.Engine):
    texts = prose()
    assert len(set(texts)) == len(texts) >= 300
    for text in texts:
        form = urlencode({"title": text, "message": text, "reason": text}).encode()
        data = json.dumps({"title": text, "message": text, "labels": {"text": text}}).encode()
        for is_anonymous in (True, False):
            for method, kind, body in (
                ("POST", "application/x-www-form-urlencoded", form),
                ("PUT", "application/json", data),
            ):
                request = asked(
                    method,
                    "/api/admin/runtime/maintenance",
                    body=body,
                    is_anonymous=is_anonymous,
                    **{"content-type": kind},
                )
                assert engine.inspect(request) is None, text


def test_prose_arrives_in_every_prose_field(build: Build):
    """Through the whole chain, by the API and by the panel's forms."""
    worker = DeclaredWorker("jobs", timedelta(seconds=30))
    site = build(workers_declared=(worker,), rate_limit="1000000/minute")
    # What comes in is looked at here, not what is shown: six hundred pictures would only be slow.
    for acts in vars(site.portal.status).values():
        acts._on_change = lambda: None
    headers, client = site.bearer(), site.client()
    person = site.signed_in()
    csrf = person.csrf()
    base = "/api/admin/runtime/maintenance"
    now = clock.now()
    for number, text in enumerate(prose()):
        title = re.sub(r"\s+", " ", text)[:200].strip()
        note = {"title": title, "message": text}
        draft = {**note, "status": "draft"}  # three hundred banners at once would only be slow
        value = f"10.1.{number // 250}.{number % 250}"
        # One after the other, so that none has to be compared with three hundred others, and so
        # far ahead that no picture has to show them all.
        window = {
            **note,
            "startsAt": clock.iso(now + timedelta(days=70, hours=2 * number + 1)),
            "endsAt": clock.iso(now + timedelta(days=70, hours=2 * number + 2)),
        }
        block = {"scope": "ip", "value": value, "duration": "1h", "reason": text[:500]}
        for path, body in (("", draft), ("/windows", window), ("/perimeter/blocks", block)):
            made = client.post(base + path, json=body, headers=headers)
            assert made.status_code == 201, (path, text, made.get_data(as_text=True))
        assert client.get(f"{base}/{number + 1}", headers=headers).get_json()["message"] == (
            text.strip()
        )
        report = {"status": "healthy", "pending": 0, "note": title}
        reported = client.put("/api/admin/runtime/workers/jobs", json=report, headers=headers)
        assert reported.status_code == 200, text
        form = {
            "csrf_token": csrf,
            **note,
            "severity": "info",
            "status": "active",
            "audiences": "public",
            "channels": "web",
        }
        preview = person.client.post(
            f"/panel/{'windows' if 'zone' in form else 'announcements'}/preview", data=form
        )
        assert preview.status_code == 200, text
        blocked = person.client.post(
            "/panel/blocks", data={**block, "value": f"10.2{value[4:]}", "csrf_token": csrf}
        )
        assert blocked.status_code == 303, text
    feed = site.scrape().get_data(as_text=True)
    assert figure(feed, "gigvora_waf_blocked_requests_total") == 0
    assert figure(feed, "gigvora_waf_errors_total") == 0
