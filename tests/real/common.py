# SPDX-License-Identifier: MIT
"""Finding real programs, and what they all get as environment."""
import glob
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.running import Skip  # noqa: E402

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
# Nothing from outside may make one run differ from the next.
COMMON = {"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PERL_HASH_SEED": "0"}
GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_PAGER": "cat"}
for who in "AUTHOR", "COMMITTER":
    GIT.update({f"GIT_{who}_NAME": "a", f"GIT_{who}_EMAIL": "a@example.org", f"GIT_{who}_DATE": "2020-01-01T00:00:00Z"})
# The server is redis-check-rdb under another name: Debian's package with the tools is enough, and no server of the system's is
# started.
REDIS = ("redis-check-rdb", "redis-cli", "redis-benchmark")


def program(name, package, *folders):
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, name))):
            return path
    path = shutil.which(name, path=PATH)
    if not path:
        raise Skip(f"there is no {name} (Debian: {package})")
    return path


def wait_until(server, ready):
    """Until the server answers; that it ends instead is told by what follows."""
    while server.poll() is None and not ready():
        time.sleep(0.05)
