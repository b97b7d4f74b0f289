# SPDX-License-Identifier: MIT
"""A Mach-O file of 64 bits, read from its bytes alone: load commands, sections, symbols, fixups as opcodes, the code signature."""
import hashlib
import struct

SEGMENT, SYMTAB, DYSYMTAB, LOAD_DYLIB, ID_DYLIB, UUID, SIGNATURE, DYLD_INFO, BUILD = 0x19, 0x2, 0xb, 0xc, 0xd, 0x1b, 0x1d, 0x22, 0x32
KINDS_OF_DYLIBS = 0xc, 0x18, 0x1f, 0x20, 0x23  # loaded, weakly, exported again, lazily, upward
MUST = 0x80000000


class Section:
    def __init__(self, data, at):
        self.name, self.segment, self.address, self.size, self.offset = (
            field.rstrip(b'\0').decode() if isinstance(field, bytes) else field for field in struct.unpack_from('<16s16sQQI', data, at))
        self.flags = struct.unpack_from('<I', data, at + 64)[0]
        self.type = self.flags & 0xff


class Segment:
    def __init__(self, data, at):
        name, self.address, self.size, self.offset, self.bytes, self.most, self.protection, count = struct.unpack_from('<16sQQQQiiI', data, at + 8)
        self.name = name.rstrip(b'\0').decode()
        self.sections = [Section(data, at + 72 + 80 * i) for i in range(count)]


class Macho:
    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()
        magic, self.cpu, _, self.type, count, _, self.flags = struct.unpack_from('<7I', self.data)
        if magic != 0xfeedfacf:
            raise ValueError('%s is no Mach-O file of 64 bits' % path)
        self.commands, at = [], 32
        for _ in range(count):
            kind, size = struct.unpack_from('<II', self.data, at)
            self.commands.append((kind & ~MUST, at, size))
            at += size
        self.segments = [Segment(self.data, at) for kind, at, _ in self.commands if kind == SEGMENT]
        self.sections = [section for segment in self.segments for section in segment.sections]
        self.symbols = list(self._symbols())

    def command(self, kind):
        """Where the only command of a kind is; None: there is none."""
        found = [at for k, at, _ in self.commands if k == kind]
        return found[0] if len(found) == 1 else None

    def text(self, at):
        return self.data[at:self.data.index(b'\0', at)].decode()

    def dylibs(self):
        return [self.text(at + struct.unpack_from('<I', self.data, at + 8)[0]) for kind, at, _ in self.commands if kind in KINDS_OF_DYLIBS]

    def own_name(self):
        at = self.command(ID_DYLIB)
        return at and self.text(at + struct.unpack_from('<I', self.data, at + 8)[0])

    def oldest(self):
        """(platform, oldest version as a pair); platform 1 is macOS."""
        at = self.command(BUILD)
        platform, version = struct.unpack_from('<II', self.data, at + 8) if at else (0, 0)
        return platform, (version >> 16, version >> 8 & 255)

    def _symbols(self):
        """(name, type, section, description, value)"""
        at = self.command(SYMTAB)
        symbols, count, strings, _ = struct.unpack_from('<4I', self.data, at + 8)
        for i in range(count):
            name, kind, section, description, value = struct.unpack_from('<IBBHQ', self.data, symbols + 16 * i)
            yield self.text(strings + name), kind, section, description, value

    def undefined(self):
        return sorted(name for name, kind, *_ in self.symbols if kind & 0xef == 0x01)

    def defined(self):
        """Address of each symbol that is no debugger's."""
        return {name: value for name, kind, _, _, value in self.symbols if not kind & 0xe0 and kind & 0x0e == 0x0e}

    def word(self, address):
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.bytes:
                return struct.unpack_from('<Q', self.data, segment.offset + address - segment.address)[0]
        raise ValueError('%#x is not in the file' % address)

    # ---- fixups ----

    def _part(self, index):
        at = self.command(DYLD_INFO)
        if not at:
            raise ValueError('its fixups are no opcodes')
        offset, size = struct.unpack_from('<II', self.data, at + 8 + 8 * index)
        return Opcodes(self, self.data[offset:offset + size])

    def rebases(self):
        """Addresses of the pointers to something in the file."""
        return self._part(0).rebases()

    def binds(self):
        """What each pointer by address is bound to: (name, dylib, whether it may be missing)."""
        return {**self._part(1).binds(False), **self._part(3).binds(True)}

    # ---- the signature ----

    def wrong_pages(self):
        """Numbers of the pages whose hash is not that of the signature; None: it has none."""
        at = self.command(SIGNATURE)
        if not at:
            return None
        start = struct.unpack_from('<I', self.data, at + 8)[0]
        count = struct.unpack_from('>3I', self.data, start)[2]
        for i in range(count):
            slot, offset = struct.unpack_from('>II', self.data, start + 12 + 8 * i)
            if slot == 0:  # the code directory
                return self._wrong_pages(start + offset)
        return None

    def _wrong_pages(self, at):
        _, _, _, _, hashes, _, _, count, limit, length, kind, _, shift = struct.unpack_from('>9I4B', self.data, at)
        if kind != 2:
            raise ValueError('hashes of kind %d, not SHA-256' % kind)
        page, wrong = 1 << shift, []
        for i in range(count):
            content = self.data[i * page:min((i + 1) * page, limit)]
            if hashlib.sha256(content).digest() != self.data[at + hashes + i * length:at + hashes + (i + 1) * length]:
                wrong.append(i)
        return wrong


class Opcodes:
    def __init__(self, macho, data):
        self.macho, self.data, self.at = macho, data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def uleb(self, signed=False):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return value - (1 << shift) if signed and byte & 64 else value

    def name(self):
        end = self.data.index(b'\0', self.at)
        text, self.at = self.data[self.at:end].decode(), end + 1
        return text

    def rebases(self):
        address, found = 0, set()
        while self.at < len(self.data):
            code = self.byte()
            code, low = code & 0xf0, code & 0x0f
            if code == 0x00:
                break
            if code == 0x20:
                address = self.macho.segments[low].address + self.uleb()
            elif code in (0x30, 0x40):
                address += self.uleb() if code == 0x30 else low * 8
            elif code >= 0x50:
                times, skip = {0x50: lambda: (low, 0), 0x60: lambda: (self.uleb(), 0), 0x70: lambda: (1, self.uleb()),
                               0x80: lambda: (self.uleb(), self.uleb())}[code]()
                for _ in range(times):
                    found.add(address)
                    address += 8 + skip
        return found

    def binds(self, lazy):
        address = ordinal = 0
        name, weak, found = None, False, {}
        while self.at < len(self.data):
            code = self.byte()
            code, low = code & 0xf0, code & 0x0f
            if code == 0x00 and not lazy:
                break
            if code in (0x10, 0x20, 0x30):
                ordinal = low if code == 0x10 else self.uleb() if code == 0x20 else low and low - 16
            elif code == 0x40:
                name, weak = self.name(), bool(low & 1)
            elif code == 0x60:
                self.uleb(True)
            elif code == 0x70:
                address = self.macho.segments[low].address + self.uleb()
            elif code == 0x80:
                address = (address + self.uleb()) % (1 << 64)  # backwards by wrapping round
            elif code >= 0x90:
                times, skip = {0x90: lambda: (1, 0), 0xa0: lambda: (1, self.uleb()), 0xb0: lambda: (1, low * 8),
                               0xc0: lambda: (self.uleb(), self.uleb())}[code]()
                for _ in range(times):
                    found[address] = name, self.macho.dylibs()[ordinal - 1] if ordinal > 0 else ordinal, weak
                    address = (address + 8 + skip) % (1 << 64)
        return found
