# SPDX-License-Identifier: BSD-3-Clause
# A web server with a room: serves a folder over TLS, and passes on what one WebSocket says to the
# others. Arguments: folder, certificate, key.
import ssl
import sys

from aiohttp import WSMsgType, web

room = set()


async def enter(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    room.add(socket)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            for other in room - {socket}:
                await other.send_str(message.data)
    room.discard(socket)
    return socket


folder, certificate, key = sys.argv[1:]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate, key)
app = web.Application()
app.router.add_get("/room", enter)
app.router.add_static("/", folder)
web.run_app(app, port=443, ssl_context=tls)
