"""Every setting once: name, type, default, help, and whether it is a secret.

A setting is the environment variable `PORTAL_<NAME>`; `PORTAL_<NAME>_FILE` names a file that
holds the value instead.
"""

from portal.settings.fields import SettingRow, Settings, table
from portal.settings.guard import AutoBlockRule, ScraperToken, Target
from portal.settings.loading import RENAMED, SettingsError, kept_secret, load
from portal.settings.notifications import CHAT_SCHEMES, MailServer
from portal.settings.report import SettingInForce, in_force
from portal.settings.values import AUDIENCES, Network
from portal.settings.workers import DeclaredWorker, WorkerQueue
