# SPDX-License-Identifier: MIT
"""Readers from npm: speedscope and its schema, pprof-format, DuckDB, Microsoft's SARIF tool."""
import json
import os
import re
import shutil

from logs import HERE, Skip, check, line_of, run, same
from support.npm import packages
from support.running import Failed


def npm(logs):
    modules = packages(HERE, logs.build.path('export-tests'))
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


def sarif(logs):
    """What check writes for code scanning, by the rules of the standard and by those of GitHub's."""
    modules = packages(os.path.join(HERE, 'sarif'), logs.build.path('sarif-tests'))
    tool = os.path.join(modules, '@microsoft', 'sarif-multitool-linux', 'Sarif.Multitool')
    if not os.path.exists(tool) or os.uname().machine != 'x86_64':
        raise Skip('the SARIF tool is not for this machine')
    os.chmod(tool, 0o755)
    path = os.path.join(logs.folder, 'check.sarif')

    def problems(text):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        done = run([tool, 'validate', path, '--rule-kind', 'Sarif;Ghas', '--level', 'Error;Warning'],
                   {**os.environ, 'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT': '1', 'DOTNET_BUNDLE_EXTRACT_BASE_DIR': logs.folder, 'TMPDIR': logs.folder})
        check(not done.status and 'Analysis completed successfully' in done.out, 'the SARIF tool', done.out[-1500:], done.err[-1500:])
        return sorted(re.findall(r': (?:error|warning) (\w+): ', done.out))

    bare = os.path.join(logs.folder, 'bare')  # of which no line is known
    shutil.copy(logs.program('plain'), bare)
    check(not run(['strip', bare]).status, 'strip')
    budgets = [option for name in ('peak', 'live', 'leaked', 'allocated', 'allocations') for option in ('--max-' + name, '1')]
    for log, *options in [logs.log('inlined'), *budgets], [logs.log('plain'), '--baseline', logs.log('inlined'), '--max-growth', '5%'], \
            [logs.log('inlined'), '--max-peak', '1G'], [logs.trace([bare], bare + '.mt'), *budgets]:
        done = run([logs.build.memtrace, 'check', '--format', 'sarif', *options, log])
        check(done.status == ('1G' not in options) and not done.err, 'check', done.status, done.err)
        # Not known here: a page of the project's (2005).
        same(problems(done.out), ['SARIF2005'], 'what the SARIF tool says of %s' % options)
    check('GH2012' in problems(re.sub(r'"fullDescription": {[^}]*},', '', done.out)), 'the SARIF tool finds what is missing')


def browser(logs):
    """speedscope itself reads four of the formats."""
    chromium = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    if not chromium:
        raise Skip('no chromium')
    modules = packages(HERE, logs.build.path('export-tests'))
    names = {'speedscope': 'plain.speedscope.json', 'collapsed': 'plain.collapsedstack.txt', 'callgrind': 'callgrind.out.plain', 'pprof': 'plain.pb.gz'}
    kinds = {'speedscope': 'speedscope json file', 'collapsed': 'collapsed stack format', 'callgrind': 'Callgrind profile', 'pprof': 'protobuf encoded pprof file'}
    files = {}
    for form, name in names.items():
        try:
            path = os.path.join(logs.folder, name)
            os.rename(logs.export(form, 'plain'), path)
            files[path] = form
        except Skip:
            pass
    viewer = next((path for path in ('/usr/libexec/valgrind/dh_view.html', '/usr/lib/valgrind/dh_view.html') if os.path.exists(path)), None)
    dhat = ['--dhat', viewer, logs.export('dhat', 'plain')] if viewer else []
    done = run(['node', os.path.join(HERE, 'browser.mjs'), modules, chromium, *files, *dhat], {**os.environ, 'HOME': logs.folder})
    check(not done.status, 'the browser', done.err[-2000:])
    seen = json.loads(done.out)
    if dhat:
        page = seen.pop(dhat[2])
        same(page['wrong'], [], 'what dh_view has to say')
        check(re.search(r': temporaries \(.*plain\.c:%d\)' % line_of('plain.c', 'TEMPORARY'), page['text']) and 'At t-gmax: 3,000,000 bytes (100%) in 3 blocks' in page['text'], 'what dh_view shows', page['text'])
    for path, page in seen.items():
        same((page['kind'], page['wrong']), (['Importing as ' + kinds[files[path]]], []), 'what it is taken for')
        rows = {row[-1].split(' (')[0]: row for row in page['rows'] if len(row) > 1}
        for name, share in ('keep', '67%'), ('give_back', '33%'):  # of what was held at the peak
            check(name in rows and '(%s)' % share in ' '.join(rows[name]), 'a row of its table', path, name, page['rows'])
