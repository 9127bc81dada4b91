#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/mixed_capture.py OUT PACKETS: a mixed capture of at least so many packets: the largest
Ethernet captures of $GLASSBOX_CAPTURES (else ../shared/captures, else the shipped sample), one after the
other, again and again with other IPv4 addresses and later times, so that every round's flows are new."""

import os
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LARGEST = 60
ETHERNET = 1
MICROSECONDS = {b"\xd4\xc3\xb2\xa1": ("<", 1), b"\xa1\xb2\xc3\xd4": (">", 1),
                b"\x4d\x3c\xb2\xa1": ("<", 1000), b"\xa1\xb2\x3c\x4d": (">", 1000)}


def sources():
    folder = pathlib.Path(os.environ.get("GLASSBOX_CAPTURES", ROOT.parent / "shared" / "captures"))
    files = [p for p in folder.rglob("*") if p.is_file() and "malformed" not in p.parts]
    files.sort(key=lambda p: (-p.stat().st_size, p))
    return files[:LARGEST] or [ROOT / "tests/data/sample.pcap"]


def records(path):
    """(seconds, microseconds, wire bytes, frame) of a classic Ethernet capture."""
    data = path.read_bytes()
    if data[:4] not in MICROSECONDS:
        return
    order, per_microsecond = MICROSECONDS[data[:4]]
    if struct.unpack_from(order + "I", data, 20)[0] != ETHERNET:
        return
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, captured, wire = struct.unpack_from(order + "IIII", data, at)
        frame = data[at + 16:at + 16 + captured]
        if len(frame) < captured:
            return
        yield seconds, fraction // per_microsecond, wire, frame
        at += 16 + captured


def readdressed(frame, round_number):
    """The same frame between other IPv4 hosts: the round is added to both addresses' first byte."""
    offset = 14
    if frame[12:14] == b"\x81\x00":
        offset = 18
    if frame[offset - 2:offset] != b"\x08\x00" or len(frame) < offset + 20:
        return frame
    changed = bytearray(frame)
    for address in (offset + 12, offset + 16):
        changed[address] = (changed[address] + round_number) & 255
    return bytes(changed)


def main():
    out, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    packets = [record for path in sources() for record in records(path)]
    written = 0
    with out.open("wb") as capture:
        capture.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, ETHERNET))
        round_number = 0
        while written < wanted:
            for seconds, microseconds, wire, frame in packets:
                head = struct.pack("<IIII", (seconds + round_number * 86400) & 0xFFFFFFFF, microseconds,
                                   len(frame), max(wire, len(frame)))
                capture.write(head + readdressed(frame, round_number))
            written += len(packets)
            round_number += 1
    print(f"{out}: {written} packets in {round_number} rounds", file=sys.stderr)


if __name__ == "__main__":
    main()
