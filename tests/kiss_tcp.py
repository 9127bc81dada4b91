#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/kiss_tcp.py GLASSBOX-TRAIN GLASSBOX: the stochastic tier's TCP variant on generated traffic,
from captures to a model and to verdicts. Two kinds of servers answer connections whose first segments
begin alike (http) or are random (ssh); later segments are the other way round, so that a model that
looked further than the fifth would fail. No capture of real servers here has enough connections."""
import csv
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

CONNECTIONS = 96  # to each server: 6 windows of 16 connections with 5 segments
SERVERS = {"http": "192.0.2.80", "ssh": "192.0.2.22"}
PORTS = {"http": 80, "ssh": 22}
SYN, ACK, PUSH = 2, 16, 8


def ip_bytes(text):
    return bytes(int(part) for part in text.split("."))


def frame(source, destination, sequence, flags, payload):
    tcp = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence, 0, 5 << 4, flags, 8192, 0, 0)
    size = 20 + len(tcp) + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 6, 0, ip_bytes(source[0]),
                     ip_bytes(destination[0]))  # fmt: skip
    return bytes(12) + b"\x08\x00" + ip + tcp + payload


def payload_of(name, number, draw):
    is_constant = (name == "http") == (number < 5)
    return b"GET / HTTP/1" * 2 if is_constant else draw.randbytes(24)


def connection(name, client, draw):
    server = (SERVERS[name], PORTS[name])
    ends, sequences = (client, server), [1000, 5000]
    yield frame(client, server, 1000, SYN, b"")
    yield frame(server, client, 5000, SYN | ACK, b"")
    sequences = [1001, 5001]
    for number in range(9):
        side = number % 2
        payload = payload_of(name, number, draw)
        yield frame(ends[side], ends[1 - side], sequences[side], PUSH | ACK, payload)
        sequences[side] += len(payload)


def write_capture(folder, seed, names):
    """A capture of connections to these servers, and its truth beside it."""
    draw = random.Random(seed)
    folder.mkdir()
    now = 0
    with open(folder / "talks.pcap", "wb") as out, open(folder / "talks.csv", "w", newline="") as text:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        truth = csv.writer(text, lineterminator="\n")
        truth.writerow(["capture", "l4", "a_ip", "a_port", "b_ip", "b_port", "protocol"])
        for number in range(CONNECTIONS):
            for name in names:
                client = ("198.51.100.7", 20000 + 10 * number + PORTS[name] % 10)
                truth.writerow(["talks.pcap", "tcp", *client, SERVERS[name], PORTS[name], name])
                for data in connection(name, client, draw):
                    now += 1000
                    out.write(struct.pack("<IIII", now // 10**6, now % 10**6, len(data), len(data)) + data)
    return folder / "talks.pcap"


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def check(what, is_right):
    if not is_right:
        sys.exit(f"kiss_tcp.py: {what}")


def learn(train, folder):
    captures = [write_capture(folder / f"site{i}", i, SERVERS) for i in range(2)]
    rows = folder / "rows.csv"
    rows.write_text(run(train, "signatures", *captures))
    windows = [line.split(",")[3:6] for line in rows.read_text().splitlines()[1:]]
    expected = 2 * len(SERVERS) * CONNECTIONS * 5 // 80
    check("windows are not those of 5 segments a connection", len(windows) == expected)
    check("windows of other transports", {row[0] for row in windows} == {"tcp"})
    model = folder / "tcp.model"
    options = ["--transport", "all", "--least", "4", "--folds", "2", "--cost", "16", "--gamma", "1"]
    model.write_text(run(train, "kiss", *options, rows))
    return model


def main():
    train, glassbox = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            model = learn(train, folder)
        except subprocess.CalledProcessError as error:
            if error.cmd[1] == "kiss" and "libsvm" not in run("ldd", train):
                sys.exit(77)
            raise
        text = model.read_text()
        check("no machine for TCP, or one for UDP",
              "\nmachine tcp\n" in text and "\nmachine udp\n" not in text)  # fmt: skip
        run(glassbox, "model", "check", model)
        tried = write_capture(folder / "elsewhere", 9, SERVERS)
        tested = folder / "tried.csv"
        tested.write_text(run(train, "signatures", tried))
        told = list(csv.DictReader(run(train, "kiss-test", "--model", model, tested).splitlines()))
        check(f"verdicts: {told}", sorted(row["verdict"] for row in told) == sorted(SERVERS))
        check(f"verdicts: {told}", all(row["verdict"] == row["label"] for row in told))
        report = json.loads(run(glassbox, "replay", "--format", "json", "--tiers", "stochastic",
                                "--model", model, tried))  # fmt: skip
        flows = {row["protocol"]: row["flows"] for row in report["protocols"]}
        # Windows of 16 connections: two, then after a rest of one another, then a longer rest.
        check(f"windows: {report['stochastic']}", report["stochastic"]["windows"] == 3 * len(SERVERS))
        # From the 16th connection on, and those before it that had not ended.
        check(f"flows: {flows}", all(flows.get(name, 0) >= CONNECTIONS - 16 for name in SERVERS))


main()
