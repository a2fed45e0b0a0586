"""What each web process of `portal serve` loads."""

from portal.cli import application

app = application.make()
