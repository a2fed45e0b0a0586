"""What many sign-ins at once leave behind."""

import subprocess
import sys

import pytest

from tests.processes import ROOT

PROGRAM = """
import threading
from portal.accounts import passwords

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

before = resident()
threads = [threading.Thread(target=passwords.is_right, args=(None, "x" * 20)) for _ in range(30)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print((resident() - before) // 1024)
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_thirty_sign_ins_at_once_leave_no_memory_behind():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # In megabytes; it was more than 300.
    assert int(done.stdout) < 30
