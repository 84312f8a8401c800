"""Ways in which a server can fail."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import zlib

from faults.answers import Answer, Fault

_PATIENCE = 30.0


def fault(do: Fault) -> Answer:
    return Answer(fault=do)


def reset(octets: bytes = b"") -> Answer:
    """A TCP reset in place of an answer, or after the beginning of one."""

    async def do(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        if octets:
            writer.write(octets)
            await writer.drain()
            await asyncio.sleep(0.02)  # a reset overtakes what is not read yet
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return fault(do)


def hang_up() -> Answer:
    """The connection is closed in place of an answer."""
    return Answer(raw=b"")


def silence() -> Answer:
    """Nothing, for ever."""

    async def do(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(_PATIENCE)

    return fault(do)


def then_silence(octets: bytes) -> Answer:
    """The beginning of an answer, and nothing after it, the connection kept open."""

    async def do(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await writer.drain()
        await asyncio.sleep(_PATIENCE)

    return fault(do)


def drip(octets: bytes, seconds: float = 0.1) -> Answer:
    """An octet now and then."""

    async def do(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for octet in octets:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(seconds)

    return fault(do)


def endless(head: bytes, piece: bytes) -> Answer:
    """``head``, and then ``piece`` for as long as anybody reads."""

    async def do(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(10_000):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)  # endless, not greedy: others share this machine

    return fault(do)


def truncated(body: bytes, missing: int = 10) -> Answer:
    """A Content-Length that promises more than comes."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body) + missing}\r\n\r\n"
    return Answer(raw=head.encode() + body)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", extra: str = "") -> Answer:
    """Transfer-Encoding: chunked, well made unless ``end`` says otherwise."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n{extra}\r\n"
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return Answer(raw=head.encode() + body + end)


def encoded(body: bytes, encoding: str, *, packed: bytes | None = None) -> Answer:
    """A body with a Content-Encoding that nobody asked for."""
    if packed is None:
        packed = gzip.compress(body) if "gzip" in encoding.lower() else zlib.compress(body)
    headers = (("Content-Type", "application/json"), ("Content-Encoding", encoding))
    return Answer(200, packed, headers)


def bomb(megabytes: int = 50, encoding: str = "gzip") -> Answer:
    """A few kilobytes that unfold into many megabytes of spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    first = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return encoded(b"", encoding, packed=first + again * (megabytes - 1))
