# SPDX-License-Identifier: MIT
"""The formats that are Protocol Buffers. pprof's are read by go tool pprof; the others, whose readers are not to be had here, by protoc
with definitions of the tests' own, of which every field that a reader needs is looked at."""
import os
import re
import shutil
import subprocess

from logs import HERE, FIGURES, Skip, check, each, line_of, number, run, same, text_messages

TYPES = ['alloc_objects/count', 'alloc_space/bytes', 'inuse_objects/count', 'inuse_space/bytes', 'live_space/bytes', 'peak_space/bytes', 'peak_objects/count']
OF_TYPE = {'alloc_objects': 'allocations', 'alloc_space': 'allocated_bytes', 'inuse_space': 'leaked_bytes', 'live_space': 'live_bytes', 'peak_space': 'peak_bytes'}


def pprof_of(logs, *arguments):
    if not shutil.which('go'):
        raise Skip('go is not here')
    environment = {**os.environ, 'HOME': logs.folder, 'PPROF_TMPDIR': logs.folder, 'GOTOOLCHAIN': 'local', 'GOFLAGS': ''}
    done = run(['go', 'tool', 'pprof', *arguments], environment, cwd=logs.folder)
    check(not done.status, 'go tool pprof', arguments, done.err[-1500:])
    return done.out


def raw(logs, path):
    """(types, [values, locations] of each sample, the text of each location by id)"""
    out = pprof_of(logs, '-raw', path)
    types = out.split('Samples:\n')[1].splitlines()[0].split()
    samples = [([int(value) for value in found[1].split()], found[2].split())
               for found in re.finditer(r'^ *((?:\d+ +)*\d+): ((?:\d+ )+)$', out.split('\nLocations\n')[0], re.M)]
    locations = {}
    for line in out.split('\nLocations\n')[1].split('\nMappings\n')[0].splitlines():
        found = re.match(r' *(\d+): 0x([0-9a-f]+) (?:M=(\d+) )?(.*)', line)
        if found:
            place = locations[found[1]] = [(found[2], found[3]), found[4].strip()]
        elif line.strip():
            place.append(line.strip())
    return types, samples, locations


def pprof(logs):
    for name in 'plain', 'inlined', 'threads', 'python', 'small', 'family':
        types, samples, locations = raw(logs, logs.export('pprof', name))
        same([one.replace('[dflt]', '') for one in types], TYPES, 'sample types')
        wanted = logs.figures(name)
        for index, kind in enumerate(TYPES):
            if kind.split('/')[0] in OF_TYPE:
                same(sum(values[index] for values, _ in samples), wanted[OF_TYPE[kind.split('/')[0]]], '%s of %s' % (kind, name))
        same(sorted(map(int, locations)), list(range(1, len(locations) + 1)), 'ids of locations')
        check(all(place in locations for _, stack in samples for place in stack), 'no location is missing', name)
    check('[dflt]' in raw(logs, logs.export('pprof', 'plain'))[0][5], 'the peak is what is shown first')
    check('[dflt]' in raw(logs, logs.export('pprof', 'plain', '--metric', 'allocated'))[0][1], 'or what was asked for')
    _, samples, locations = raw(logs, logs.export('pprof', 'plain'))
    same(sum(values[2] for values, _ in samples), 2, 'blocks that are left')
    same(sum(values[6] for values, _ in samples), 3, 'blocks at the peak')
    top = pprof_of(logs, '-top', '-unit=b', logs.export('pprof', 'plain'))
    check(re.search(r'^ *2000000B +66\.67% .* keep$', top, re.M), '-top', top)
    lines = pprof_of(logs, '-list=^keep$', '-unit=b', logs.export('pprof', 'plain'))
    check(re.search(r'2000000B +2000000B +%d: ' % line_of('plain.c', 'KEEP'), lines), '-list has the line', lines)
    check(re.search(r'^File: plain\nBuild ID: [0-9a-f]{40}$', top, re.M), 'the program comes first', top)
    addresses(logs, logs.export('pprof', 'plain'))
    inlined = [place for place in raw(logs, logs.export('pprof', 'inlined'))[2].values() if len(place) > 2]
    check(any(re.match(r'take<double> .*inlined.cc:%d' % line_of('inlined.cc', 'INLINED'), place[1]) and
              re.match(r'outer .*inlined.cc:%d' % line_of('inlined.cc', 'DOUBLE'), place[2]) for place in inlined), 'the innermost call first', inlined)
    python = [place[1] for place in raw(logs, logs.export('pprof', 'python'))[2].values()]
    for wanted in r'(Holder\.)?take .*script.py:%d' % line_of('script.py', 'TAKE'), r'<lambda> .*script.py:%d' % line_of('script.py', 'LAMBDA'), 'odd;name #"12 34 <a;b"c>':
        check(any(re.match(wanted, place) for place in python), "Python's frames", wanted)
    tags = pprof_of(logs, '-tags', '-unit=b', logs.export('pprof', 'family'))
    check(len(re.findall(r'threads \(pid \d+\)$', tags, re.M)) == 3 and re.search(r'^ *300000.*B .*: threads \(pid', tags, re.M), 'processes are labels', tags)
    tags = pprof_of(logs, '-tags', '-unit=b', logs.export('pprof', 'threads', '--threads'))
    check(re.search(r' 1000000\.0B .*: first$', tags, re.M) and re.search(r' 2000000\.0B .*: second$', tags, re.M), 'threads are labels', tags)


def addresses(logs, path):
    """They are within the calls: addr2line names the line of the call, not what follows it."""
    out = pprof_of(logs, '-raw', path)
    start = int(re.search(r'^1: 0x([0-9a-f]+)/', out, re.M)[1], 16)
    if not shutil.which('addr2line'):
        return
    for mark in 'KEEP', 'GIVE', 'TEMPORARY', 'ONE', 'TWO', 'BACK':
        line = line_of('plain.c', mark)
        found = re.search(r'0x([0-9a-f]+) M=1 \w+ \S+plain.c:%d[: ]' % line, out)
        done = run(['addr2line', '-e', logs.program('plain'), hex(int(found[1], 16) - start)])
        check(re.search(r'plain.c:%d\b' % line, done.out), 'an address in the call of line %d' % line, done.out)


def decoded(logs, form, message, path):
    if not shutil.which('protoc'):
        raise Skip('protoc is not here')
    with open(path, 'rb') as file:
        done = subprocess.run(['protoc', '--decode=' + message, '--proto_path=' + HERE, form + '_read.proto'], stdin=file, capture_output=True, text=True)
    check(not done.returncode, 'protoc', done.stderr)
    check(not re.search(r'^ *\d+[:{ ]', done.stdout, re.M), 'no field that the definition lacks', done.stdout[-500:])
    return text_messages(done.stdout)


def otlp(logs):
    for name in 'plain', 'inlined', 'python', 'small', 'family':
        data = decoded(logs, 'otlp', 'otlp_read.ProfilesData', logs.export('otlp', name))
        tables = each(data, 'dictionary')[0]
        texts = each(tables, 'string_table')
        same(texts[0], '', 'entry 0 of the texts')
        for table in 'mapping_table', 'location_table', 'function_table', 'link_table', 'attribute_table', 'stack_table':
            same(each(tables, table)[0], [], 'entry 0 of %s' % table)
        wanted, processes = logs.figures(name), each(data, 'resource_profiles')
        same(len(processes), 3 if name == 'family' else 1, 'processes')
        sums = dict.fromkeys(OF_TYPE.values(), 0)
        for process in processes:
            keys = [value for value in each(process, 'resource', 'attributes', 'key')]
            check({'service.name', 'process.pid', 'process.executable.name'} <= set(keys), 'what the resource is', keys)
            profiles = each(process, 'scope_profiles', 'profiles')
            same(len(profiles), len(TYPES), 'a profile for each type')
            for profile, kind in zip(profiles, TYPES):
                type_of = each(profile, 'sample_type')[0]
                same('%s/%s' % (texts[number(type_of, 'type_strindex')], texts[number(type_of, 'unit_strindex')]), kind, 'type')
                same([texts[int(one)] for one in each(profile, 'period_type', 'type_strindex')], ['memory'], 'period type')
                samples = each(profile, 'samples')
                check(all(len(each(sample, 'values')) == 1 and number(sample, 'stack_index') for sample in samples), 'one value and a stack each', name)
                if kind.split('/')[0] in OF_TYPE:
                    sums[OF_TYPE[kind.split('/')[0]]] += sum(number(sample, 'values') for sample in samples)
        same(sums, {figure: wanted[figure] for figure in FIGURES}, 'totals of %s' % name)
        otlp_places(tables, texts, name)


def otlp_places(tables, texts, name):
    locations, functions, stacks = each(tables, 'location_table'), each(tables, 'function_table'), each(tables, 'stack_table')
    mappings, attributes = each(tables, 'mapping_table'), each(tables, 'attribute_table')
    same(len({str(stack) for stack in stacks}), len(stacks), 'no stack twice')
    for stack in stacks[1:]:
        check(all(0 < int(place) < len(locations) for place in each(stack, 'location_indices')) and stack, 'locations of stacks', stack)

    def words(location):
        return [(texts[number(functions[number(line, 'function_index')], 'name_strindex')], number(line, 'line')) for line in each(location, 'lines')]
    if name == 'plain':
        innermost = {words(locations[int(each(stack, 'location_indices')[0])])[0] for stack in stacks[1:]}
        wanted = {('keep', line_of('plain.c', 'KEEP')), ('give_back', line_of('plain.c', 'GIVE')), ('recurse', line_of('plain.c', 'DEEP'))}
        check(wanted <= innermost, 'the innermost frame first', innermost)
    if name == 'inlined':
        wanted = [('take<double>', line_of('inlined.cc', 'INLINED')), ('outer', line_of('inlined.cc', 'DOUBLE'))]
        check(wanted in [words(location) for location in locations], 'inlined calls', wanted)
    ids = [each(attributes[int(index)], 'value', 'string_value')[0] for mapping in mappings[1:] for index in each(mapping, 'attribute_indices')]
    check(ids and all(re.fullmatch('[0-9a-f]{16,}', one) for one in ids), 'build-ids', ids)
    keys = {texts[number(attribute, 'key_strindex')] for attribute in attributes[1:]}
    same(keys, {'process.executable.build_id.gnu'}, 'attributes')


def perfetto(logs):
    for name in 'plain', 'inlined', 'python', 'small', 'family':
        packets = each(decoded(logs, 'perfetto', 'perfetto_read.Trace', logs.export('perfetto', name)), 'packet')
        clocks = [number(clock, 'clock_id') for clock in each(packets[1], 'clock_snapshot', 'clocks')]
        check({4, 6} <= set(clocks), 'both clocks, without which heap profiles are dropped', clocks)
        heap = each([('packet', packet) for packet in packets], 'packet', 'profile_packet')[0]
        stacks = {number(stack, 'iid'): [int(frame) for frame in each(stack, 'frame_ids')] for stack in each(heap, 'callstacks')}
        frames = {number(frame, 'iid'): frame for frame in each(heap, 'frames')}
        mappings = {number(mapping, 'iid') for mapping in each(heap, 'mappings')}
        texts = {number(text, 'iid'): each(text, 'str') for text in each(heap, 'strings')}
        for frame in frames.values():
            check(number(frame, 'mapping_id') in mappings and number(frame, 'function_name_id') in texts, 'a mapping and a name for each frame', frame)
        check(all(frame in frames for stack in stacks.values() for frame in stack), 'frames of stacks', name)
        wanted, sums, pids, blocks = logs.figures(name), dict.fromkeys(FIGURES, 0), set(), 0
        for dump in each(heap, 'process_dumps'):
            pids.add(number(dump, 'pid'))
            for sample in each(dump, 'samples'):
                check(number(sample, 'callstack_id') in stacks, 'stacks of samples', sample)
                check(not (each(sample, 'self_max') and each(sample, 'self_allocated')), 'one kind of sample in a dump', sample)
                sums['peak_bytes'] += number(sample, 'self_max')
                sums['allocated_bytes'] += number(sample, 'self_allocated')
                sums['leaked_bytes'] += number(sample, 'self_allocated') - number(sample, 'self_freed')
                sums['allocations'] += number(sample, 'alloc_count')
                blocks += number(sample, 'self_max_count')
        del sums['live_bytes'], wanted['live_bytes']
        same(sums, wanted, 'totals of %s' % name)
        if name == 'plain':
            same(blocks, 3, 'blocks at the peak')
        same(len(pids), 3 if name == 'family' else 1, 'processes')
        counters(packets, pids, name)
        marks(packets, name)
        if name == 'inlined':
            lines = [[(each(line, 'function_name')[0], number(line, 'line_number')) for line in each(place, 'lines')]
                     for packet in packets for place in each(packet, 'module_symbols', 'address_symbols')]
            check([('take<int>', line_of('inlined.cc', 'INLINED')), ('outer', line_of('inlined.cc', 'INT'))] in lines, 'inlined calls', lines[:20])


def marks(packets, name):
    """On the track of the process, between the process's beginning and the last sample."""
    processes = {number(track, 'uuid') for packet in packets for track in each(packet, 'track_descriptor') if each(track, 'process')}
    seen = [(each(event, 'name'), number(event, 'track_uuid') in processes, number(packet, 'timestamp')) for packet in packets
            for event in each(packet, 'track_event') if number(event, 'type') == 3]
    times = [number(packet, 'timestamp') for packet in packets if each(packet, 'track_event', 'counter_value')]
    same([mark[:2] for mark in seen], [(['half way'], True)] if name == 'plain' else [], 'marks of %s' % name)
    check(all(0 < time <= max(times) for _, _, time in seen), 'when', seen, times[-2:])


def counters(packets, pids, name):
    tracks = {number(track, 'uuid'): track for packet in packets for track in each(packet, 'track_descriptor')}
    same({number(process, 'pid') for track in tracks.values() for process in each(track, 'process')}, pids, 'a track for each process')
    levels = [uuid for uuid, track in tracks.items() if each(track, 'name') == ['level']]
    same(len(levels), len(pids), 'a level for each process')
    check(all(number(tracks[uuid], 'parent_uuid') in tracks for uuid in levels), 'parents of tracks', name)
    values = [number(event, 'counter_value') for packet in packets for event in each(packet, 'track_event') if number(event, 'track_uuid') in levels]
    check(values and min(values) >= 0, 'values over time', values[:5])
