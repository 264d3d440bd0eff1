#!/usr/bin/env python3
"""ClickHouse for tests: its HTTP interface, as far as our client speaks it, over the real engine in chdb.

Writes the port that it listens on (127.0.0.1 only, no passwords) to stdout as one line, and ends with its stdin. The data
lives in a temporary directory, and is gone afterwards. `scripts/setup.sh clickhouse` installs what it needs."""

import os
import queue
import re
import shutil
import struct
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import lz4.block
from chdb.state.sqlitelike import Connection

# Parameters of a request that are not settings of the engine.
NOT_SETTINGS = {"query", "database", "default_format", "decompress", "compress", "user", "password", "query_id", "session_id"}
INSERT = re.compile(r"(?is)^\s*(insert\s+into\b.*?)\s+format\s+(\w+)\s*$")
LZ4, UNCOMPRESSED = 0x82, 0x02


class ClientGone(Exception):
    """The body ended early: nothing of it may be kept."""


def decompressed(chunks):
    """ClickHouse's blocks: a checksum of 16 bytes, the method, the sizes with and without compression, the data."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= 25:
            method, size, unpacked = struct.unpack_from("<BII", buffer, 16)
            if len(buffer) < 16 + size:
                break
            data = bytes(buffer[25 : 16 + size])
            del buffer[: 16 + size]
            if method not in (LZ4, UNCOMPRESSED):
                raise ValueError(f"Code: 89. DB::Exception: unknown compression method {method:#x}")
            yield lz4.block.decompress(data, uncompressed_size=unpacked) if method == LZ4 else data
    if buffer:
        raise ClientGone


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    connections = queue.LifoQueue()

    def log_message(self, *_):
        pass

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.line() or b"x", 16):
                data = self.rfile.read(size + 2)
                if len(data) != size + 2:
                    raise ClientGone
                yield data[:-2]
            self.line()
        else:
            size = int(self.headers.get("Content-Length") or 0)
            data = self.rfile.read(size)
            if len(data) != size:
                raise ClientGone
            yield data

    def line(self):
        line = self.rfile.readline(64)
        if not line.endswith(b"\r\n"):
            raise ClientGone
        return line.strip()

    def do_POST(self):
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        settings = {name: value for name, value in asked.items() if name not in NOT_SETTINGS}
        chunks = decompressed(self.body()) if asked.get("decompress") == "1" else self.body()
        connection = self.connections.get()
        try:
            connection.query(f"USE `{asked.get('database') or 'default'}`", "Null")
            for name, value in settings.items():
                connection.query(f"SET {name} = {quoted(value)}", "Null")
            self.reply(200, self.run(connection, asked, chunks))
        except (ClientGone, ConnectionError):
            self.close_connection = True
        except Exception as error:
            self.fail(str(error))
        finally:
            for name in settings:
                try:
                    connection.query(f"SET {name} = DEFAULT", "Null")
                except Exception:
                    pass  # There is no such setting: the request has failed with that already.
            self.connections.put(connection)

    do_GET = do_POST

    def run(self, connection, asked, chunks):
        sql = asked.get("query", "")
        insert = INSERT.match(sql)
        if not insert:
            sql += b"".join(chunks).decode()
            return connection.query(sql, asked.get("default_format", "TabSeparated")).bytes() or b""
        inserting = connection.send_insert(insert.group(1), insert.group(2))
        try:
            for chunk in chunks:
                inserting.append(chunk)
            inserting.finish()
        except BaseException:
            inserting.cancel()
            raise
        return b""

    def fail(self, text):
        text = text[max(text.find("Code:"), 0) :]
        code = re.match(r"Code:\s*(\d+)", text)
        # What is left of the body is not read.
        self.close_connection = True
        self.reply(500, text.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "1001"})

    def reply(self, status, data, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def main():
    directory = tempfile.mkdtemp(prefix="discovery-clickhouse-")
    try:
        for _ in range(4):
            Handler.connections.put(Connection(directory))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    # The engine's threads must not hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()
