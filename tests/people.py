"""People who sign in: a browser's cookies, and the tokens that its forms send."""

import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

PASSWORD = "correct horse battery"


@dataclass
class Person:
    """Someone at a browser: keeps cookies, sends the page's CSRF token."""

    client: FlaskClient
    name: str
    _csrf: str | None = None

    def sign_in(self, password: str = PASSWORD, target: str = "") -> Any:
        self._csrf = None
        return self.client.post(
            "/panel/login", data={"name": self.name, "password": password, "next": target}
        )

    def csrf(self, page: str = "/panel") -> str:
        text = self.client.get(page).get_data(as_text=True)
        match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        assert match, f"{page} has no CSRF token"
        return match.group(1)

    def post(self, path: str, **form: Any) -> Any:
        # One token serves a session, from a page that asks the database for little.
        self._csrf = self._csrf or self.csrf("/panel/runbook")
        return self.client.post(path, data={"csrf_token": self._csrf, **form})
