# SPDX-License-Identifier: MIT
"""Packages of npm's that a lock file pins."""
import os
import shutil
import subprocess

from .running import Skip


def packages(here, folder):
    """The node_modules with what package-lock.json in `here` names, fetched once into `folder`."""
    if not shutil.which('npm') or not shutil.which('node'):
        raise Skip('npm or node is not here')
    with open(os.path.join(here, 'package-lock.json')) as lock:
        wanted = lock.read()
    stamp = os.path.join(folder, 'fetched')
    if not os.path.exists(stamp) or open(stamp).read() != wanted:
        os.makedirs(folder, exist_ok=True)
        for name in 'package.json', 'package-lock.json':
            shutil.copy(os.path.join(here, name), folder)
        done = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise Skip('npm ci: ' + done.stderr[:300])
        with open(stamp, 'w') as file:
            file.write(wanted)
    return os.path.join(folder, 'node_modules')
