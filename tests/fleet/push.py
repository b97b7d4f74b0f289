# SPDX-License-Identifier: MIT
"""memtrace push: what a server of the tests' own is sent, and what becomes of its answers."""
import base64
import email.utils
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse

from logs import Skip, check, each, number, run, same, text_messages
from messages import OF_TYPE, TYPES, decoded, otlp_places
from server import Server, dead_port
from support.running import clean_environment

PROTOS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'report', 'export')
SECRET = 'Geheim!s'
SAMPLES, UNPACKED, DEEPEST = 16000, 2000000, 1000  # what Pyroscope takes


def push(logs, *arguments, **variables):
    environment = clean_environment('MEMTRACE_PUSH', 'http', 'HTTP', 'no_proxy', **variables)
    done = run([logs.build.memtrace, 'push', *arguments], environment)
    if 'built without' in done.err or "libcurl.so.4, which sends, can't be loaded" in done.err:
        raise Skip(done.err)
    check(SECRET not in done.out + done.err, 'no secret is printed', done.out, done.err)
    return done


def pushed(logs, *arguments, **variables):
    done = push(logs, *arguments, **variables)
    check(done.status == 0, 'push', arguments, done.status, done.err)
    return done


def end_of(logs, log):
    """When its process ended, ns since 1970."""
    with open(log, 'rb') as file:
        return int.from_bytes(file.read(40)[32:], 'little') + logs.build.report(log)['duration_ns']


def profile_of(body):
    """A pprof file, decoded by protoc: (the message, its texts)."""
    if not shutil.which('protoc'):
        raise Skip('protoc is not here')
    plain = gzip.decompress(body)
    done = subprocess.run(['protoc', '--decode=pprof.Profile', '--proto_path=' + PROTOS, 'pprof.proto'], input=plain, stdout=subprocess.PIPE, check=True)
    text = done.stdout.decode()
    check(not re.search(r'^ *\d+[:{ ]', text, re.M), 'no field that the definition lacks', text[-500:])
    message = text_messages(text)
    return message, each(message, 'string_table'), len(plain)


def look_at_pprof(logs, name, body, when=None):
    """Its sums are the report's; its ids are 1, 2, 3, ...; it is of that time."""
    message, texts, plain = profile_of(body)
    same(texts[0], '', 'text 0')
    for table in 'mapping', 'location', 'function':
        same([number(one, 'id') for one in each(message, table)], list(range(1, len(each(message, table)) + 1)), 'ids of %s' % table)
    kinds = ['%s/%s' % (texts[number(one, 'type')], texts[number(one, 'unit')]) for one in each(message, 'sample_type')]
    same(kinds, TYPES, 'types')
    period = each(message, 'period_type')[0]
    same((texts[number(period, 'type')], texts[number(period, 'unit')], number(message, 'period')), ('space', 'bytes', 1), 'the period')
    same(number(message, 'duration_nanos'), 0, 'a snapshot lasts no time')
    samples, locations = each(message, 'sample'), len(each(message, 'location'))
    sums = [sum(values) for values in zip(*([int(value) for value in each(sample, 'value')] for sample in samples))]
    for kind, total in zip(kinds, sums):
        figure = OF_TYPE.get(kind.split('/')[0])
        check(not figure or total == logs.figures(name)[figure], 'total of %s' % kind, total)
    for sample in samples:
        check(each(sample, 'location_id') and all(0 < int(one) <= locations for one in each(sample, 'location_id')), 'locations of samples', sample)
    if when:
        check(number(message, 'time_nanos') == when, 'its time', number(message, 'time_nanos'), when)
    return message, texts, plain


def pyroscope(logs):
    log = logs.log('plain')
    with Server() as server:
        done = pushed(logs, '--to', 'pyroscope', '--service', 'my/shop', '--label', 'env=te st&=', '--label', 'host=web1', '--tenant', 'team-a',
                      '--header', 'X-Token: ' + SECRET, server.url('/sub/?a=b', secret='me%40home:' + SECRET + '@'), log)
        request, = server.requests
    check('pushed to Pyroscope at %s as my/shop' % server.url('/sub/') in done.err and not done.out, 'it is said', done.err)
    target = urllib.parse.urlsplit(request.target)
    query = dict(urllib.parse.parse_qsl(target.query, strict_parsing=True))
    same((request.method, target.path), ('POST', '/sub/ingest'), 'what is asked for')
    end = end_of(logs, log)
    same(query, {'a': 'b', 'name': 'my/shop{env=te st&=,host=web1}', 'format': 'pprof', 'spyName': 'memtrace', 'from': str(end // 10**9), 'until': str(end // 10**9)}, 'the query')
    head = {name.lower(): value for name, value in request.headers.items()}
    same({name: head.get(name) for name in ('x-scope-orgid', 'x-token', 'content-type', 'expect', 'content-encoding')},
         {'x-scope-orgid': 'team-a', 'x-token': SECRET, 'content-type': 'application/octet-stream', 'expect': None, 'content-encoding': None}, 'headers')
    same(base64.b64decode(head['authorization'].split('Basic ')[1]).decode(), 'me@home:' + SECRET, 'user and password')
    check(head['user-agent'].startswith('memtrace/'), 'who sends', head)
    look_at_pprof(logs, 'plain', request.body, end)
    # Several logs, one push each; the name is the program's, of Python's the script's. What it is the path tells.
    with Server() as server:
        pushed(logs, server.url('/ingest'), logs.log('plain'), logs.log('python'), logs.family())
        names = [urllib.parse.parse_qs(urllib.parse.urlsplit(one.target).query)['name'][0] for one in server.requests]
        same((names, {urllib.parse.urlsplit(one.target).path for one in server.requests}), (['plain', 'script.py'] + ['threads'] * 3, {'/ingest'}), 'several logs')
        look_at_pprof(logs, 'python', server.requests[1].body, end_of(logs, logs.log('python')))
        server.requests.clear()
        # Only what was asked for.
        pushed(logs, '--function', 'keep', server.url('/ingest'), log)
        message, texts, _ = profile_of(server.requests[0].body)
        same(sum(int(each(sample, 'value')[1]) for sample in each(message, 'sample')), 2000000, 'a filter')
    secrets_by_environment(logs, log)
    dry(logs, log)
    old(logs, log)


def secrets_by_environment(logs, log):
    for variables, wanted in ({'MEMTRACE_PUSH_USER': 'me', 'MEMTRACE_PUSH_PASSWORD': SECRET}, 'Basic ' + base64.b64encode(b'me:' + SECRET.encode()).decode()), \
            ({'MEMTRACE_PUSH_TOKEN': SECRET}, 'Bearer ' + SECRET):
        with Server() as server:
            pushed(logs, server.url('/ingest'), log, **variables)
            same(server.requests[0].headers['Authorization'], wanted, 'from the environment')


def dry(logs, log):
    with Server() as server:
        done = pushed(logs, '--dry-run', '--header', 'X-Token: ' + SECRET, '--tenant', 'team', '--label', 'a=b', server.url('/ingest?token=' + SECRET, secret='me:%s@' % SECRET), log)
        same(server.requests, [], 'nothing is sent')
    check(re.search(r'plain\.mt: to Pyroscope\n  POST http://127\.0\.0\.1:\d+/ingest\n  Content-Type: application/octet-stream\n  X-Scope-OrgID: team\n'
                    r'  X-Token: \(not shown\)\n  Authorization: Basic \(not shown\)\n  service_name=plain a=b\n  as of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: \d+ stacks, [\d,]+ bytes \([\d,]+ before', done.out), '--dry-run', done.out)


def old(logs, log):
    """Of the day before yesterday, which Pyroscope drops."""
    path = os.path.join(logs.folder, 'old.mt')
    with open(log, 'rb') as file:
        data = bytearray(file.read())
    past = int.from_bytes(data[32:40], 'little') - 2 * 86400 * 10**9
    data[32:40] = past.to_bytes(8, 'little')
    with open(path, 'wb') as file:
        file.write(data)
    logs.known['old'] = path
    with Server() as server:
        done = push(logs, server.url('/ingest'), path)
        check(done.status == 2 and 'more than an hour ago, which Pyroscope drops' in done.err and '--time now' in done.err, 'an old log', done.err)
        same(server.requests, [], 'nothing is sent')
        pushed(logs, '--time', 'end', server.url('/ingest'), path)
        look_at_pprof(logs, 'old', server.requests[0].body, end_of(logs, path))
        before = time.time_ns()
        pushed(logs, '--time', 'now', server.url('/ingest'), path)
        when = number(profile_of(server.requests[1].body)[0], 'time_nanos')
        check(before <= when <= time.time_ns(), '--time now', before, when)
        pushed(logs, '--to', 'parca', server.url(), path)  # which takes it


def limits(logs):
    """Recursion that allocates at each of its levels, and more stacks than may be."""
    logs.known['deeper'] = logs.trace([logs.program('plain'), '20000'], os.path.join(logs.folder, 'deeper.mt'))
    for name in 'deep', 'deeper', 'python':
        with Server() as server:
            done = pushed(logs, server.url('/ingest'), logs.log(name))
            body = server.requests[0].body
        message, texts, plain = look_at_pprof(logs, name, body)
        samples = each(message, 'sample')
        check(len(samples) <= SAMPLES and plain <= UNPACKED and max(len(each(one, 'location_id')) for one in samples) <= DEEPEST, 'limits', name, len(samples), plain)
        if name != 'python':
            check(re.search(r'[\d,]+ small stacks are folded in frames "\(below N bytes\)" \(Pyroscope takes 16,000 stacks and 2 MB a push\): together', done.err), 'it is said', done.err)
            check(any(text.startswith('(below ') for text in texts), 'their names', texts[:50])
            check(plain > UNPACKED / 4, 'not much less than may be', plain)
            # What is folded is said, with its sums.
            below = {number(one, 'id') for one in each(message, 'function') if texts[number(one, 'name')].startswith('(below ')}
            places = {number(one, 'id') for one in each(message, 'location') for line in each(one, 'line') if number(line, 'function_id') in below}
            folded = [one for one in samples if int(each(one, 'location_id')[0]) in places]
            stacks = len(json.loads(logs.build.view('sites', '--json', '-n', '0', logs.log(name)))['sites'])
            said = int(re.search(r'([\d,]+) small stacks', done.err)[1].replace(',', ''))
            check(abs(said + len(samples) - len(folded) - stacks) <= 8, 'how many', said, len(samples), len(folded), stacks)
        done = pushed(logs, '--dry-run', '--to', 'otlp', server.url(), logs.log(name))
        check(int(re.search(r'\(([\d,]+) before', done.out)[1].replace(',', '')) <= 20000000, "a collector's limit", done.out)
    too_deep(logs)
    with Server() as server:
        pushed(logs, '-n', '5', server.url('/ingest'), logs.log('python'))
        message, texts, _ = look_at_pprof(logs, 'python', server.requests[0].body)
        innermost = [each(each(message, 'location')[int(each(one, 'location_id')[0]) - 1], 'line') for one in each(message, 'sample')]
        own = [lines for lines in innermost  # code without a name has no line
               if not lines or not texts[number(each(message, 'function')[number(lines[0], 'function_id') - 1], 'name')].startswith('(below')]
        same(len(own), 5, '--top')


def too_deep(logs):
    """One stack of more frames than may be keeps its innermost ones."""
    program = 'import sys\nsys.setrecursionlimit(9999)\ndef down(n):\n    return down(n - 1) if n else [0] * 1000000\nkept = down(1500)\n'
    logs.known['too deep'] = logs.trace([sys.executable, '-c', program], os.path.join(logs.folder, 'too-deep.mt'), MEMTRACE_PYTHON_OBJECTS='0')
    with Server() as server:
        pushed(logs, server.url('/ingest'), logs.log('too deep'))
        message, texts, _ = look_at_pprof(logs, 'too deep', server.requests[0].body)
    largest = max(each(message, 'sample'), key=lambda one: int(each(one, 'value')[5]))
    stack = each(largest, 'location_id')
    names = [[texts[number(each(message, 'function')[number(line, 'function_id') - 1], 'name')] for line in each(each(message, 'location')[int(place) - 1], 'line')] for place in stack]
    same((len(stack), names[-1]), (DEEPEST, ['(outer frames left out)']), 'a stack that is too deep')
    check(sum('down' in name for name in names) > 300, 'its innermost frames', names[:5])


def parca(logs):
    log = logs.log('inlined')
    with Server() as server:
        pushed(logs, '--to', 'parca', '--label', 'job=nightly "x"\\', server.url(), log, MEMTRACE_PUSH_TOKEN=SECRET)
        request, = server.requests
    same((request.method, request.target, request.headers['Content-Type'], request.headers['Authorization']),
         ('POST', '/api/profiles/writeraw', 'application/json', 'Bearer ' + SECRET), 'what is asked for')
    message = json.loads(request.body)
    series, = message['series']
    same([(label['name'], label['value']) for label in series['labels']['labels']], [('__name__', 'memory'), ('service_name', 'inlined'), ('job', 'nightly "x"\\')], 'labels')
    same((message['normalized'], len(series['samples'])), (False, 1), 'one profile')
    look_at_pprof(logs, 'inlined', base64.b64decode(series['samples'][0]['raw_profile'], validate=True), end_of(logs, log))


def otlp(logs):
    log = logs.log('python')
    with Server() as server:
        pushed(logs, '--to', 'otlp', '--service', 'shop: 1', '--label', 'deployment.environment=test', server.url(), log)
        request, = server.requests
    same((request.method, request.target, request.headers['Content-Type'], request.headers['Content-Encoding']),
         ('POST', '/v1development/profiles', 'application/x-protobuf', 'gzip'), 'what is asked for')
    path = os.path.join(logs.folder, 'otlp')
    with open(path, 'wb') as file:
        file.write(gzip.decompress(request.body))
    data = decoded(logs, 'otlp', 'otlp_read.ProfilesData', path)
    tables = each(data, 'dictionary')[0]
    otlp_places(tables, each(tables, 'string_table'), 'python')
    process, = each(data, 'resource_profiles')
    attributes = {each(one, 'key')[0]: each(one, 'value')[0] for one in each(process, 'resource', 'attributes')}
    same(attributes['service.name'], [('string_value', 'shop: 1')], 'the service')
    same(attributes['host.name'], [('string_value', os.uname().nodename[:63])], 'the host')
    same(attributes['deployment.environment'], [('string_value', 'test')], 'a label')
    profiles = each(process, 'scope_profiles', 'profiles')
    texts = each(tables, 'string_table')
    for profile, kind in zip(profiles, TYPES):
        figure = OF_TYPE.get(kind.split('/')[0])
        total = sum(number(sample, 'values') for sample in each(profile, 'samples'))
        check(not figure or total == logs.figures('python')[figure], 'total of %s' % kind, total)
        same([texts[int(one)] for one in each(profile, 'period_type', 'type_strindex')], ['memory'], 'period type')
        check(number(profile, 'time_unix_nano') == end_of(logs, log) and not number(profile, 'duration_nano'), 'a snapshot of the end', kind)
    answered(logs, logs.log('plain'))


def protobuf(text, message):
    done = subprocess.run(['protoc', '--encode=otlp.' + message, '--proto_path=' + PROTOS, 'otlp.proto'], input=text.encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout


def answered(logs, log):
    """A collector that takes it may reject profiles all the same; what it says of a refusal is protobuf, too."""
    kind = {'Content-Type': 'application/x-protobuf'}
    for text, status, words in ('', 0, None), ('partial_success { error_message: "deprecated" }', 0, 'the server says: deprecated'), \
            ('partial_success { rejected_profiles: 3 error_message: "no pipeline" }', 2, 'rejected 3 of the profiles: no pipeline'):
        with Server((200, kind, protobuf(text, 'Answer'))) as server:
            done = push(logs, '--to', 'otlp', server.url(), log)
        check(done.status == status and (not words or words in done.err), 'an answer of 200', text, done.status, done.err)
    with Server((400, kind, protobuf('code: 3 message: "wrong wireType"', 'Status'))) as server:
        done = push(logs, '--to', 'otlp', server.url(), log)
        check(done.status == 2 and 'status 400: wrong wireType' in done.err and len(server.requests) == 1, 'a refusal', done.err)


def copies(log, count):
    """A log named twice counts once."""
    return [shutil.copy(log, '%s.%d.mt' % (log, i)) for i in range(count)]


def answers(logs):
    log = logs.log('plain')
    # Tried again: as the server asks for, or after a second and more.
    with Server((429, {'Retry-After': '2'}, b'slow down'), (503, {}, b''), 'hang up') as server:
        done = pushed(logs, server.url('/ingest'), log)
        requests = server.requests
    same((len(requests), len({one.body for one in requests})), (4, 1), 'the same four times')
    gaps = [later.at - one.at for one, later in zip(requests, requests[1:])]
    check(gaps[0] >= 2 and gaps[1] >= 2 and gaps[2] >= 4, 'it waits', gaps)
    check('status 429; again in 2.' in done.err and 'status 503; again in' in done.err and '(retry 3 of 4)' in done.err, 'it is said', done.err)
    when = email.utils.formatdate(time.time() + 4, usegmt=True)
    with Server((503, {'Retry-After': when}, b'')) as server:
        pushed(logs, server.url('/ingest'), log)
        check(server.requests[1].at - server.requests[0].at >= 2, 'a date')
    # Not for ever, and not for an hour.
    with Server(*[(500, {}, b'broken \x1b[31m\nsecond line')] * 3) as server:
        done = push(logs, '--retries', '1', server.url('/ingest'), *copies(log, 3))
        check(done.status == 2 and len(server.requests) == 2 and 'status 500, 2 times: broken' in done.err and '\x1b' not in done.err and '2 more logs were not tried' in done.err, '500', done.err)
    with Server((429, {'Retry-After': '3600'}, b'')) as server:
        done = push(logs, server.url('/ingest'), log)
        check(done.status == 2 and len(server.requests) == 1 and 'asks for 3600 s' in done.err, 'an hour', done.err)
    # Refused: not again. What is wrong with one log need not be with the next one, but a password is.
    for status, tried in (400, 2), (413, 2), (422, 2), (401, 1), (403, 1), (404, 1):
        with Server(*[(status, {'Content-Type': 'text/plain'}, b'no, because')] * 2) as server:
            done = push(logs, server.url('/ingest', secret='me:%s@' % SECRET), *copies(log, 2))
            check(done.status == 2 and len(server.requests) == tried and 'http://127.0.0.1:%d/ingest: status %d: no, because' % (server.port, status) in done.err,
                  'status %d' % status, len(server.requests), done.err)
    with Server((400, {}, b'')) as server:
        done = push(logs, server.url('/ingest'), *copies(log, 2))
        check(done.status == 2 and len(server.requests) == 2 and done.err.count('pushed to') == 1 and done.err.count('was not pushed') == 1, 'one of two', done.err)
    with Server('silence') as server:
        done = push(logs, '--retries', '0', '--timeout', '1', server.url('/ingest'), log)
        check(done.status == 2 and 'timed out' in done.err and '127.0.0.1:%d' % server.port in done.err, 'no answer', done.err)
    redirections(logs, log)


def redirections(logs, log):
    with Server() as server:
        for status in 301, 302, 307, 308:
            server.answers[:] = [(status, {'Location': '/other/ingest?a=b'}, b'')]
            server.requests.clear()
            pushed(logs, server.url('/ingest', secret='me:%s@' % SECRET), log)
            first, second = server.requests
            same((second.method, second.target, second.body == first.body, second.headers['Authorization']), ('POST', '/other/ingest?a=b', True, first.headers['Authorization']), 'followed')
        server.answers[:] = [(307, {'Location': '/ingest'}, b'')] * 9
        server.requests.clear()
        done = push(logs, server.url('/ingest'), log)
        check(done.status == 2 and len(server.requests) == 6 and 'one more redirection' in done.err, 'a circle', done.err)
        server.answers[:] = [(307, {'Location': 'http://localhost:%d/x?token=%s' % (server.port, SECRET)}, b'')]
        server.requests.clear()
        done = push(logs, server.url('/ingest', secret='me:%s@' % SECRET), log)
        check(done.status == 2 and len(server.requests) == 1 and 'another host' in done.err and 'http://localhost:%d/x' % server.port in done.err, 'another host', done.err)
        server.answers[:] = [(303, {'Location': '/x'}, b'')]
        check(push(logs, server.url('/ingest'), log).status == 2, '303 means GET')


def usage(logs):
    log, port = logs.log('plain'), dead_port()

    def said(words, *arguments, status=2):
        done = push(logs, *arguments)
        check(done.status == status and re.search(words, done.err) and not done.out, 'push', arguments, done.status, done.out, done.err)

    done = push(logs, '--retries', '1', 'http://me:%s@127.0.0.1:%d/ingest' % (SECRET, port), *copies(log, 2))
    check(done.status == 2 and '127.0.0.1 port %d' % port in done.err and ', 2 times' in done.err and '1 more log was not tried' in done.err, 'a server that is not there', done.err)
    said(r'nosuch\.invalid', '--retries', '0', 'http://nosuch.invalid:4040', log)
    said('which server, and which log', 'http://127.0.0.1:4040')
    said('which log', '--to', 'parca', 'http://127.0.0.1')
    said('address, http://HOST:PORT', 'localhost:4040', log)
    said('address, http://HOST:PORT', 'ftp://me:%s@localhost:4040' % SECRET, log)
    said('address, http://HOST:PORT', log, *copies(log, 1))
    said('which server is this\\? --to', 'http://127.0.0.1:%d' % port, log)
    said('4317 is the port of OTLP over gRPC', 'http://127.0.0.1:4317', log)
    said("not 'parka'; did you mean 'parca'", '--to', 'parka', 'http://127.0.0.1', log)
    said("takes NAME=VALUE, not 'x'", '--label', 'x', 'http://127.0.0.1:4040', log)
    said("takes NAME=VALUE, not 'x='", '--label', 'x=', 'http://127.0.0.1:4040', log)
    said('--label a.b=c: a label.s name has', '--label', 'a.b=c', 'http://127.0.0.1:4040', log)
    said('comma or a brace', '--label', 'a=b,c', 'http://127.0.0.1:4040', log)
    said('is there already', '--label', 'a=b', '--label', 'a=c', 'http://127.0.0.1:7070', log)
    said("memtrace's own", '--label', '__name__=c', 'http://127.0.0.1:7070', log)
    said('--service names the service', '--label', 'service.name=c', 'http://127.0.0.1:4318', log)
    said('too many labels', *(word for i in range(26) for word in ('--label', 'a%d=b' % i)), 'http://127.0.0.1:7070', log)
    said('a service.s name has', '--service', 'a b', 'http://127.0.0.1:4040', log)
    for header in 'X', 'X:', ': y', 'X Y: z', 'X: a\nY: b', 'X:%s\r' % SECRET:
        said("--header takes 'NAME: VALUE'", '--header', header, 'http://127.0.0.1:4040', log)
    said('memtrace sets content-type itself', '--header', 'content-type: text/plain', 'http://127.0.0.1:4040', log)
    said('No such file', '--dry-run', 'http://127.0.0.1:4040', os.path.join(logs.folder, 'missing.mt'))
    # Where libcurl is not: the loader finds none of it.
    empty = os.path.join(logs.folder, 'empty')
    os.mkdir(empty)
    with open(os.path.join(empty, 'libcurl.so.4'), 'w'):
        pass
    done = run([logs.build.memtrace, 'push', 'http://127.0.0.1:4040', log], clean_environment(LD_LIBRARY_PATH=empty))
    check(done.status == 2 and "libcurl.so.4, which sends, can't be loaded" in done.err and 'apt-get install libcurl4' in done.err, 'no libcurl', done.err)
    # By the port.
    for port, title in (4040, 'Pyroscope'), (7070, 'Parca'), (4318, 'the OpenTelemetry collector'):
        done = pushed(logs, '--dry-run', 'http://127.0.0.1:%d' % port, log)
        check(': to %s\n' % title in done.out, 'by the port', done.out)
