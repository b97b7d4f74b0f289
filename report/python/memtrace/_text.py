# SPDX-License-Identifier: MIT
"""Text for people: sizes, widths, and what a stream can say."""

import os
import unicodedata

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size(count):
    """Bytes as the command `memtrace` has them: "812 B", "7.63 MiB": three digits."""
    if abs(count) < 1024:
        return "%d B" % count
    value, unit = abs(count) / 1024, 0
    while value >= 999.5:
        value, unit = value / 1024, unit + 1
    decimals = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return "%s%.*f %s" % ("-" if count < 0 else "", decimals, value, _UNITS[unit])


def s(count):
    """The end of a noun that this many are."""
    return "" if count == 1 else "s"


def _columns(character):
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def width(text):
    """The columns that the text takes in a terminal."""
    return sum(map(_columns, text))


def fit(text, columns):
    """The text in at most so many columns; what is cut ends in "..."."""
    if width(text) <= columns:
        return text
    used, kept = 3, []
    for character in text:
        used += _columns(character)
        if used > columns:
            break
        kept.append(character)
    return "".join(kept) + "..."


def plain(text):
    """Without what would steer a terminal."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else " " if c == "\f" else "?" for c in text)


def sayable(text, stream):
    """What the stream's encoding lacks becomes an escape such as \\u4e2d, and "≥" becomes ">=" in its columns."""
    encoding = getattr(stream, "encoding", None)
    if not isinstance(encoding, str):
        return text
    try:
        text.encode(encoding, getattr(stream, "errors", None) or "strict")
        return text
    except LookupError:
        return text
    except UnicodeEncodeError:
        pass
    try:
        "≥".encode(encoding)
    except UnicodeEncodeError:
        text = text.replace(" ≥ ", " >=").replace("≥", ">=")
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write(stream, text):
    """Write lines; on a terminal none is longer than it is wide."""
    text = sayable(text, stream)
    try:
        columns = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (AttributeError, OSError, ValueError):
        columns = 0
    stream.write("\n".join(fit(line.expandtabs(), columns) for line in text.split("\n")) if columns else text)
