#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes a small corpus of the lab's captures: the first frames of whole flows, cut short.

Usage: compact.py LAB CORPUS [BYTES]
       compact.py --endpoints LAB CORPUS

Each capture gives at most BYTES (default 90000). Of each flow the first FRAMES frames are kept, cut
to SNAP bytes with their original length. Where a capture holds more flows than fit, flows are taken
in turn from each protocol, in an order drawn from their addresses and ports, so that the same lab
gives the same corpus. The truth keeps the rows of the flows taken, with the counts of the whole
capture. Frames of no flow (ARP, ICMP) are left out.

With --endpoints it makes the corpus of the stochastic tier instead, which looks at endpoints rather
than flows: of each UDP endpoint with WINDOW payload packets or more the first ENDPOINT_FRAMES frames,
cut to the headers and 12 bytes of payload, and nothing else.
"""
import csv
import hashlib
import ipaddress
import os
import struct
import sys

FRAMES = 80  # what a classifier reads of a flow: data packets 1 to 64, and a window of 80
SNAP = 96
WINDOW = 80  # packets a signature is made of
ENDPOINT_FRAMES = 360
ENDPOINT_SNAP = 14 + 40 + 8 + 12
TCP, UDP = 6, 17


def frames_of(path):
    """Record header and bytes of each frame of a classic little-endian pcap."""
    with open(path, "rb") as file:
        if file.read(4) != b"\xd4\xc3\xb2\xa1":
            raise ValueError(f"{path}: not a microsecond little-endian pcap")
        file.seek(24)
        while len(header := file.read(16)) == 16:
            seconds, micros, captured, original = struct.unpack("<4I", header)
            yield seconds, micros, original, file.read(captured)


def flow_of(frame):
    """The flow an Ethernet frame belongs to, without direction; None for other frames."""
    kind = struct.unpack_from("!H", frame, 12)[0] if len(frame) >= 14 else 0
    if kind == 0x0800 and len(frame) >= 34:
        protocol, start = frame[23], 14 + (frame[14] & 15) * 4
        ends = frame[26:30], frame[30:34]
        if struct.unpack_from("!H", frame, 20)[0] & 0x1FFF:
            return None
    elif kind == 0x86DD and len(frame) >= 54:
        protocol, start = frame[20], 54
        ends = frame[22:38], frame[38:54]
    else:
        return None
    if protocol not in (TCP, UDP) or len(frame) < start + 4:
        return None
    ports = struct.unpack_from("!2H", frame, start)
    return (protocol, *sorted(zip(ends, ports)))


def flow_of_row(row):
    ends = (
        (ipaddress.ip_address(row[f"{end}_ip"]).packed, int(row[f"{end}_port"])) for end in "ab"
    )
    return (TCP if row["l4"] == "tcp" else UDP, *sorted(ends))


def choose(rows, sizes, limit):
    """The flows to keep: by turns from each protocol, until the limit is reached."""
    queues = {}
    for flow, row in rows.items():
        queues.setdefault(row["protocol"], []).append(flow)
    for queue in queues.values():
        queue.sort(key=lambda flow: hashlib.sha256(repr(flow).encode()).digest())
    chosen, used = set(), 24
    while queues:
        for protocol in sorted(queues):
            flow = queues[protocol].pop()
            if not queues[protocol]:
                del queues[protocol]
            size = sizes.get(flow, 0)
            if used + size <= limit:
                chosen.add(flow)
                used += size
    return chosen


def compact(capture, corpus, limit):
    truth = capture[: -len(".pcap")] + ".csv"
    with open(truth, newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames
        rows = {flow_of_row(row): row for row in reader}
    counts, sizes = {}, {}
    for _, _, _, frame in frames_of(capture):
        flow = flow_of(frame)
        if flow in rows and counts.get(flow, 0) < FRAMES:
            counts[flow] = counts.get(flow, 0) + 1
            sizes[flow] = sizes.get(flow, 0) + 16 + min(len(frame), SNAP)
    chosen = choose(rows, sizes, limit)
    os.makedirs(corpus, exist_ok=True)
    place = os.path.join(corpus, os.path.basename(capture))
    counts.clear()
    with open(place, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAP, 1))
        for seconds, micros, original, frame in frames_of(capture):
            flow = flow_of(frame)
            counts[flow] = counts.get(flow, 0) + 1
            if flow in chosen and counts[flow] <= FRAMES:
                frame = frame[:SNAP]
                file.write(struct.pack("<4I", seconds, micros, len(frame), original) + frame)
    with open(place[: -len(".pcap")] + ".csv", "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for flow, row in rows.items() if flow in chosen)
    return os.path.getsize(place)


def has_signature_bytes(flow, frame, original):
    """Whether a UDP frame has 12 bytes of payload to look at."""
    headers = 14 + (40 if len(flow[1][0]) == 16 else (frame[14] & 15) * 4) + 8
    return min(len(frame), original) >= headers + 12


def compact_endpoints(capture, corpus):
    truth = capture[: -len(".pcap")] + ".csv"
    with open(truth, newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames
        rows = {flow_of_row(row): row for row in reader if row["l4"] == "udp"}
    counts = {}
    for _, _, original, frame in frames_of(capture):
        flow = flow_of(frame)
        if flow in rows and has_signature_bytes(flow, frame, original):
            for end in flow[1:]:
                counts[end] = counts.get(end, 0) + 1
    large = {end: 0 for end, count in counts.items() if count >= WINDOW}
    if not large:
        return 0
    os.makedirs(corpus, exist_ok=True)
    place = os.path.join(corpus, os.path.basename(capture))
    kept = set()
    with open(place, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, ENDPOINT_SNAP, 1))
        for seconds, micros, original, frame in frames_of(capture):
            flow = flow_of(frame)
            if flow not in rows or not has_signature_bytes(flow, frame, original):
                continue
            wanting = [end for end in flow[1:] if large.get(end, ENDPOINT_FRAMES) < ENDPOINT_FRAMES]
            if not wanting:
                continue
            for end in flow[1:]:
                if end in large:
                    large[end] += 1
            kept.add(flow)
            frame = frame[:ENDPOINT_SNAP]
            file.write(struct.pack("<4I", seconds, micros, len(frame), original) + frame)
    with open(place[: -len(".pcap")] + ".csv", "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for flow, row in rows.items() if flow in kept)
    return os.path.getsize(place)


def main():
    endpoints = sys.argv[1] == "--endpoints"
    arguments = sys.argv[1 + endpoints :]
    lab, corpus = arguments[:2]
    limit = int(arguments[2]) if len(arguments) > 2 else 90000
    total = 0
    for network in sorted(os.listdir(lab)):
        for name in sorted(os.listdir(os.path.join(lab, network))):
            if not name.endswith(".pcap"):
                continue
            capture, place = os.path.join(lab, network, name), os.path.join(corpus, network)
            if endpoints:
                total += compact_endpoints(capture, place)
            else:
                total += compact(capture, place, limit)
    print(f"compact: {total} bytes of captures in {corpus}", file=sys.stderr)


main()
