#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""donkey_server.py ADDRESS PORT: admits eDonkey clients and tells them who offered a file: as much of a
server as clients ask for before they talk to each other. Messages: 0xe3, length, opcode, rest, all
little-endian."""
import asyncio
import socket
import struct
import sys

LOGIN, OFFERS, SOURCES_WANTED, OBFUSCATED_WANTED = 0x01, 0x15, 0x19, 0x23
ID_CHANGED, SOURCES, OBFUSCATED_SOURCES = 0x40, 0x42, 0x44
KNOWS_OBFUSCATION = 0x400  # a flag of the server
PEER_PORT = 4662
OBFUSCATES = 0x80 | 1 | 2 | 4  # its user's hash follows; it supports, asks for and requires it
offered = {}  # hash of a file: the peers that have it, as (address, hash of the user)


def message(opcode, rest):
    return struct.pack("<BIB", 0xE3, 1 + len(rest), opcode) + rest


def answer(opcode, rest, address, user):
    if opcode == LOGIN:
        return message(ID_CHANGED, address + struct.pack("<I", KNOWS_OBFUSCATION))
    if opcode == OFFERS and len(rest) >= 20:  # a count, then the first file: no peer has more
        offered.setdefault(rest[4:20], set()).add((address, user))
    if opcode in (SOURCES_WANTED, OBFUSCATED_WANTED):
        peers = offered.get(rest[:16], set())
        found = rest[:16] + bytes([len(peers)])
        for where, hash_of_user in peers:
            found += where + struct.pack("<H", PEER_PORT)
            if opcode == OBFUSCATED_WANTED:
                found += bytes([OBFUSCATES]) + hash_of_user
        return message(SOURCES if opcode == SOURCES_WANTED else OBFUSCATED_SOURCES, found)
    return b""


async def serve(reader, writer):
    address = socket.inet_aton(writer.get_extra_info("peername")[0])
    user = bytes(16)
    try:
        while True:
            _, length, opcode = struct.unpack("<BIB", await reader.readexactly(6))
            rest = await reader.readexactly(length - 1)
            if opcode == LOGIN:
                user = rest[:16]
            writer.write(answer(opcode, rest, address, user))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(serve, sys.argv[1], int(sys.argv[2]))
    await server.serve_forever()


asyncio.run(main())
