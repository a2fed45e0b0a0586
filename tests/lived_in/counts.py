"""How much there is, and what has a name; tests may rely on both."""

from datetime import timedelta

from portal.settings import DeclaredWorker

DAYS = 90
COMPONENTS = 30
SERIES = 5
INCIDENTS = 60
OPEN_INCIDENTS = 4
ANNOUNCEMENTS = 60
SUBSCRIBERS = 500
BLOCKS = 200
BLOCKS_IN_FORCE = 60
EVENTS = 600
NOTICES = 60
ADDRESSED = 30
EPISODES = 40
OFFENDERS = 40
WORKERS = (
    DeclaredWorker("profileEngagement", timedelta(seconds=30)),
    DeclaredWorker("newsAggregation", timedelta(seconds=60)),
)
# Runs at NOW, and was put off; of the series only `REPEATED` runs then.
RUNNING = "m-running"
REPEATED = "Cache warm-up"
PROPOSED = "m-proposed"
