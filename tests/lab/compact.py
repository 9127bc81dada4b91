#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes a small corpus of the lab's captures: the first frames of whole flows, cut short.

Usage: compact.py LAB CORPUS [BYTES]
       compact.py --endpoints LAB CORPUS [BYTES]

The corpus, captures and truth together, has at most BYTES (default 26 million): small captures are
kept whole, and the large ones get equal shares of what is left, but never less than one flow of each
protocol takes. Of each flow the first FRAMES frames
are kept, cut to SNAP bytes with their original length. Where a capture's share is too small for all
its flows, flows are taken in turn from each protocol, in an order drawn from their addresses and
ports, so that the same lab gives the same corpus. The truth keeps the rows of the flows taken, with
the counts of the whole capture. Frames of no flow (ARP, ICMP) are left out.

With --endpoints it makes the corpus of the stochastic tier instead, which looks at endpoints rather
than flows: of each UDP endpoint with WINDOW payload packets or more the first ENDPOINT_FRAMES frames,
cut to the headers and 12 bytes of payload, and nothing else. Endpoints are taken in turn from each
protocol, too; default 13 million bytes.

A protocol that the lab has on a network and the corpus has not there is named, and the exit status is 1.
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
FLOWS_BYTES, ENDPOINTS_BYTES = 26_000_000, 13_000_000
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


def in_turn(protocols):
    """Keys of a dictionary of protocols, one of each protocol after the other."""
    queues = {}
    for key, protocol in protocols.items():
        queues.setdefault(protocol, []).append(key)
    for queue in queues.values():
        queue.sort(key=lambda key: hashlib.sha256(repr(key).encode()).digest())
    while queues:
        for protocol in sorted(queues):
            yield queues[protocol].pop()
            if not queues[protocol]:
                del queues[protocol]


def choose(protocols, sizes, limit):
    """What to keep: in turn from each protocol what fits, and of each protocol something."""
    chosen, used, met = set(), 0, set()
    for key in in_turn(protocols):
        if used + sizes[key] <= limit or protocols[key] not in met:
            chosen.add(key)
            used += sizes[key]
            met.add(protocols[key])
    return chosen


def shares(needs, total):
    """The most that one capture may get, so that all together get no more than the total."""
    left = total
    for position, need in enumerate(sorted(needs)):
        share = left / (len(needs) - position)
        if need > share:
            return share
        left -= need
    return total


class Capture:
    """A capture of the lab with its truth, and how large what could be kept of it is."""

    def __init__(self, lab, network, name):
        self.network = network
        self.path = os.path.join(lab, network, name)
        with open(self.path[: -len(".pcap")] + ".csv", newline="") as file:
            reader = csv.DictReader(file)
            self.columns = reader.fieldnames
            self.rows = {flow_of_row(row): row for row in reader}

    def protocols(self):
        return {row["protocol"] for row in self.rows.values()}

    def row_size(self, flow):
        return sum(len(word) + 1 for word in self.rows[flow].values())

    def write(self, corpus, snap, frames, flows):
        """Frames as (seconds, microseconds, original length, bytes), and the truth of their flows."""
        folder = os.path.join(corpus, self.network)
        os.makedirs(folder, exist_ok=True)
        place = os.path.join(folder, os.path.basename(self.path))
        with open(place, "wb") as file:
            file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, 1))
            for seconds, micros, original, frame in frames:
                frame = frame[:snap]
                file.write(struct.pack("<4I", seconds, micros, len(frame), original) + frame)
        truth = place[: -len(".pcap")] + ".csv"
        with open(truth, "w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for flow, row in self.rows.items() if flow in flows)
        return os.path.getsize(place) + os.path.getsize(truth)


class FlowsOf(Capture):
    """Flows are what is kept."""

    def measure(self):
        counts, self.sizes = {}, {}
        for _, _, _, frame in frames_of(self.path):
            flow = flow_of(frame)
            if flow in self.rows and counts.get(flow, 0) < FRAMES:
                counts[flow] = counts.get(flow, 0) + 1
                self.sizes[flow] = self.sizes.get(flow, 0) + 16 + min(len(frame), SNAP)
        for flow in self.sizes:
            self.sizes[flow] += self.row_size(flow)
        self.choices = {flow: self.rows[flow]["protocol"] for flow in self.sizes}

    def frames(self, chosen):
        counts = {}
        for seconds, micros, original, frame in frames_of(self.path):
            flow = flow_of(frame)
            counts[flow] = counts.get(flow, 0) + 1
            if flow in chosen and counts[flow] <= FRAMES:
                yield seconds, micros, original, frame

    def compact(self, corpus, share):
        chosen = choose(self.choices, self.sizes, share)
        return self.write(corpus, SNAP, self.frames(chosen), chosen)


def has_signature_bytes(flow, frame, original):
    """Whether a UDP frame has 12 bytes of payload to look at."""
    headers = 14 + (40 if len(flow[1][0]) == 16 else (frame[14] & 15) * 4) + 8
    return min(len(frame), original) >= headers + 12


class EndpointsOf(Capture):
    """UDP endpoints that fill a window are what is kept, with all flows they have."""

    def useful(self):
        for seconds, micros, original, frame in frames_of(self.path):
            flow = flow_of(frame)
            if flow in self.rows and flow[0] == UDP and has_signature_bytes(flow, frame, original):
                yield flow, (seconds, micros, original, frame)

    def measure(self):
        counts, protocol_of = {}, {}
        for flow, _ in self.useful():
            for end in flow[1:]:
                counts[end] = counts.get(end, 0) + 1
                protocol_of[end] = self.rows[flow]["protocol"]
        large = {end for end, count in counts.items() if count >= WINDOW}
        self.sizes = {end: min(counts[end], ENDPOINT_FRAMES) * (16 + ENDPOINT_SNAP) for end in large}
        self.choices = {end: protocol_of[end] for end in large}

    def frames(self, chosen, kept):
        counts = dict.fromkeys(chosen, 0)
        for flow, frame in self.useful():
            if any(counts.get(end, ENDPOINT_FRAMES) < ENDPOINT_FRAMES for end in flow[1:]):
                for end in flow[1:]:
                    if end in counts:
                        counts[end] += 1
                kept.add(flow)
                yield frame

    def protocols(self):
        return set(self.choices.values())

    def compact(self, corpus, share):
        if not self.choices:
            return 0
        chosen, kept = choose(self.choices, self.sizes, share), set()
        return self.write(corpus, ENDPOINT_SNAP, self.frames(chosen, kept), kept)


def missing_from(corpus, captures):
    """Pairs of network and protocol that the captures have and the corpus has not."""
    wanted = {(one.network, protocol) for one in captures for protocol in one.protocols()}
    for network in {one.network for one in captures}:
        folder = os.path.join(corpus, network)
        for name in os.listdir(folder):
            if name.endswith(".csv"):
                with open(os.path.join(folder, name), newline="") as file:
                    wanted -= {(network, row["protocol"]) for row in csv.DictReader(file)}
    return wanted


def main():
    endpoints = sys.argv[1] == "--endpoints"
    lab, corpus, *limit = sys.argv[1 + endpoints :]
    total = int(limit[0]) if limit else (ENDPOINTS_BYTES if endpoints else FLOWS_BYTES)
    captures = [
        (EndpointsOf if endpoints else FlowsOf)(lab, network, name)
        for network in sorted(os.listdir(lab))
        for name in sorted(os.listdir(os.path.join(lab, network)))
        if name.endswith(".pcap")
    ]
    for capture in captures:
        capture.measure()
    share = shares([sum(capture.sizes.values()) for capture in captures], total)
    written = sum(capture.compact(corpus, share) for capture in captures)
    print(f"compact: {written} bytes in {corpus}, at most {share:.0f} a capture", file=sys.stderr)
    missing = missing_from(corpus, captures)
    for network, protocol in sorted(missing):
        print(f"compact: {protocol} of {network} is not in the corpus", file=sys.stderr)
    sys.exit(1 if missing else 0)


main()
