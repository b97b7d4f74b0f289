# SPDX-License-Identifier: MIT
"""Readers from npm: speedscope's schema, pprof-format, DuckDB."""
import json
import os
import shutil
import subprocess

from logs import HERE, Skip, run
from support.running import Failed


def fetched(build):
    """The folder with the packages of package-lock.json, fetched once for each build folder."""
    folder = build.path('export-tests')
    if not shutil.which('npm') or not shutil.which('node'):
        raise Skip('npm or node is not here')
    with open(os.path.join(HERE, 'package-lock.json')) as lock:
        wanted = lock.read()
    stamp = os.path.join(folder, 'fetched')
    if not os.path.exists(stamp) or open(stamp).read() != wanted:
        os.makedirs(folder, exist_ok=True)
        for name in 'package.json', 'package-lock.json':
            shutil.copy(os.path.join(HERE, name), folder)
        done = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise Skip('npm ci: ' + done.stderr[:300])
        with open(stamp, 'w') as file:
            file.write(wanted)
    return os.path.join(folder, 'node_modules')


def npm(logs):
    modules = fetched(logs.build)
    facts = {'folder': logs.folder, 'of': {}}
    for name in 'plain', 'inlined', 'threads', 'python', 'family':
        facts['of'][name] = {'figures': logs.figures(name), 'speedscope': logs.export('speedscope', name)}
        for table in 'logs', 'sites', 'lines', 'timeline':
            for form in 'csv', 'ndjson':
                path = '%s/%s-%s.%s' % (logs.folder, name, table, form)
                os.rename(logs.export(form, name, '--table', table), path)
                facts['of'][name]['%s-%s' % (form, table)] = path
        try:
            facts['of'][name]['pprof'] = logs.export('pprof', name)
        except Skip:
            pass
    with open(os.path.join(logs.folder, 'facts.json'), 'w') as file:
        json.dump(facts, file)
    done = run(['node', os.path.join(HERE, 'npm.mjs'), modules, file.name])
    if done.status:
        raise Failed(done.out[-2000:] + done.err[-3000:])
