#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/privacy.py GLASSBOX: plants marker addresses, ports, names and payload in traffic and searches for
them in everything the program writes, and in its writable memory once the traffic has been counted."""

import ipaddress
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

CLIENT4, SERVER4 = ipaddress.ip_address("203.0.113.199"), ipaddress.ip_address("198.51.100.177")
CLIENT6 = ipaddress.ip_address("2001:db8:dead:beef:1234:5678:9abc:def0")
SERVER6 = ipaddress.ip_address("2001:db8:feed:face:fedc:ba98:7654:3210")
CLIENT_PORT = 51973
NAME = "xyzzy-marker-name.example"
PAYLOAD = b"PLUGH-MARKER-PAYLOAD"
FILLER_PACKETS = 40000
BOXES = sorted(str(path) for path in (pathlib.Path(__file__).parent.parent / "models/boxes").glob("*.yaml"))
AUDIT_FORMATS = ("table", "json", "ndjson", "markdown")
FORMATS = ("table", "json", "ndjson", "csv", "prometheus")
WAIT_SECONDS = 20


def ethernet(ethertype, packet):
    return bytes(12) + struct.pack(">H", ethertype) + packet


def ipv4(source, destination, protocol, payload, identification=7, fragment=0):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0)
    return ethernet(0x0800, head + source.packed + destination.packed + payload)


def ipv6(source, destination, protocol, payload):
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
    return ethernet(0x86DD, head + source.packed + destination.packed + payload)


def tcp(source_port, destination_port, payload):
    return struct.pack(">HHIIBBHHH", source_port, destination_port, 1, 1, 5 << 4, 24, 1024, 0, 0) + payload


def udp(source_port, destination_port, payload):
    return struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def marked_frames():
    request = b"GET /" + PAYLOAD + b" HTTP/1.1\r\nHost: " + NAME.encode() + b"\r\n\r\n"
    question = b"\x12\x34\x01\x00\x00\x01" + bytes(6)
    question += b"".join(bytes([len(label)]) + label.encode() for label in NAME.split(".")) + b"\0\0\1\0\1"
    yield ipv4(CLIENT4, SERVER4, 6, tcp(CLIENT_PORT, 80, request))
    yield ipv4(SERVER4, CLIENT4, 6, tcp(80, CLIENT_PORT, b"HTTP/1.1 200 OK\r\n\r\n" + PAYLOAD))
    yield ipv4(CLIENT4, SERVER4, 17, udp(CLIENT_PORT, 53, question))
    yield ipv6(CLIENT6, SERVER6, 6, tcp(CLIENT_PORT, 443, PAYLOAD))
    yield ipv6(SERVER6, CLIENT6, 17, udp(53, CLIENT_PORT, question))
    yield ipv4(CLIENT4, SERVER4, 17, udp(CLIENT_PORT, 4000, PAYLOAD), fragment=0x2000)
    yield ipv4(CLIENT4, SERVER4, 17, PAYLOAD, fragment=5)
    yield ipv4(CLIENT4, SERVER4, 6, b"\0\0")  # malformed
    yield ipv4(CLIENT4, SERVER4, 47, PAYLOAD)


def filler_frames():
    """Enough other traffic, in larger frames, to run every buffer over once."""
    for number in range(FILLER_PACKETS):
        source = ipaddress.IPv4Address(0x0A000000 + number % 50)
        yield ipv4(source, ipaddress.IPv4Address("10.1.0.1"), 17, udp(1024 + number % 7, 53, bytes(1400)))


def write_capture(out):
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for number, frame in enumerate([*marked_frames(), *filler_frames()]):
        out.write(struct.pack("<IIII", 1700000000, number, len(frame), len(frame)) + frame)


def text_markers():
    """Every way a marker might be written out."""
    markers = [NAME, PAYLOAD.decode(), str(CLIENT_PORT), PAYLOAD.hex(), "xyzzy", "PLUGH"]
    for address in (CLIENT4, SERVER4, CLIENT6, SERVER6):
        packed = address.packed
        markers += [str(address), address.exploded, packed.hex(), ":".join(f"{byte:02x}" for byte in packed),
                    str(int(address)), str(int.from_bytes(packed, "little"))]
    return [marker.lower().encode() for marker in markers]


def memory_markers():
    """Bytes that no table may hold, in either byte order."""
    markers = {"payload": PAYLOAD, "name": NAME.encode(), "label of the name": NAME.split(".", 1)[0].encode()}
    for name, address in (("client", CLIENT4), ("server", SERVER4), ("client6", CLIENT6), ("server6", SERVER6)):
        markers[name] = address.packed
        markers[name + ", little-endian"] = address.packed[::-1]
    return markers


def writable_memory(pid):
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="ascii")
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps.splitlines():
            first, last, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if "w" not in mode:
                continue
            memory.seek(int(first, 16))
            try:
                yield line.split()[-1], memory.read(int(last, 16) - int(first, 16))
            except OSError:
                continue  # reserved, never touched


def wait_until_idle(process):
    """Until it has read what there is and sleeps."""
    deadline = time.monotonic() + WAIT_SECONDS
    quiet = 0
    before = None
    while quiet < 5 and time.monotonic() < deadline:
        time.sleep(0.1)
        spent = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").split()[13:15]
        quiet = quiet + 1 if spent == before else 0
        before = spent
    return quiet == 5


def check_outputs(glassbox, capture):
    for form in FORMATS:
        for more in ([], ["--interval", "1"], ["--min-endpoints", "2"], ["--workers", "2"], ["--no-decap"]):
            run = subprocess.run([glassbox, "replay", "--format", form, *more, capture], capture_output=True,
                                 check=True)
            written = (run.stdout + run.stderr).lower()
            assert run.stdout, f"{form} {more}: no report"
            for marker in text_markers():
                assert marker not in written, f"{form} {more}: {marker!r} is in the output"
    for form in AUDIT_FORMATS:
        for more in ([], ["--min-endpoints", "2"], ["--subscribers", f"{CLIENT4}/32,{CLIENT6}/128"]):
            run = subprocess.run([glassbox, "audit", "--format", form, *more, capture, *BOXES], capture_output=True,
                                 check=True)
            written = (run.stdout + run.stderr).lower()
            assert run.stdout, f"audit {form} {more}: nothing"
            for marker in text_markers():
                assert marker not in written, f"audit {form} {more}: {marker!r} is in the output"
    truncated = pathlib.Path(capture).read_bytes()[:500]
    run = subprocess.run([glassbox, "replay", "-"], input=truncated, capture_output=True, check=False)
    assert run.returncode == 1 and run.stderr, "a cut file is not complained about"
    for marker in text_markers():
        assert marker not in (run.stdout + run.stderr).lower(), f"{marker!r} is in an error message"


def check_memory(glassbox, capture, *words):
    process = subprocess.Popen([glassbox, *words, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(pathlib.Path(capture).read_bytes())
        process.stdin.flush()
        assert wait_until_idle(process), "still busy"
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")
        assert re.search(r"Max core file size +0 +0 ", limits), "core dumps are not forbidden"
        searched = 0
        for where, content in writable_memory(process.pid):
            searched += len(content)
            for name, marker in memory_markers().items():
                assert marker not in content, f"{words}: {name} is in memory ({where})"
        assert searched > 1 << 20, "hardly any memory was searched"
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdin.close()
        process.wait(WAIT_SECONDS)


def is_sanitized(glassbox):
    """The address sanitizer keeps freed memory and old stacks on purpose."""
    return b"__asan_init" in pathlib.Path(glassbox).read_bytes()


def main():
    glassbox = sys.argv[1]
    cases = [("output", check_outputs, ())]
    skipped = 0
    if is_sanitized(glassbox):
        print("skipped: the address sanitizer keeps what the program wiped ... ")
        skipped = 1
    elif os.geteuid() == 0:
        cases += [("memory of one worker", check_memory, ("replay",)),
                  ("memory of three workers", check_memory, ("replay", "--workers", "3")),
                  ("memory of an audit", check_memory, ("audit", "--tiers", "ports", *BOXES))]
    else:
        print("skipped: only root may look into memory that cannot be dumped ... ")
        skipped = 1
    failed = 0
    with tempfile.NamedTemporaryFile() as capture:
        write_capture(capture)
        capture.flush()
        for name, case, arguments in cases:
            try:
                case(glassbox, capture.name, *arguments)
                print(f"ok: {name}")
            except AssertionError as error:
                failed += 1
                print(f"FAILED: {name}: {error}")
    print(f"totals: {len(cases) - failed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
