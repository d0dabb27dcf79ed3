"""A web server on this machine that misbehaves as it is told."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """One file at /file, and what is wrong with it.

    ranges     whether a part of it can be asked for
    told       whether Content-Range says which part it is
    cuts       after how many bytes each of the next answers ends; None: it does not
    statuses   errors that the next requests are answered with
    location   where every request is sent on to
    length     whether Content-Length is sent
    delay      seconds before an answer
    requests   (Range, If-Range) of each request so far
    """

    content: bytes
    etag: str | None = '"1"'
    ranges: bool = True
    told: bool = True
    cuts: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    location: str | None = None
    length: bool = True
    delay: float = 0.0
    requests: list[tuple[str | None, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
        self.requests.append((wanted, condition))
        if self.statuses:
            handler.send_error(self.statuses.pop(0))
            return
        if self.location:
            handler.send_response(302)
            handler.send_header("Location", self.location)
            handler.end_headers()
            return
        time.sleep(self.delay)
        start = 0
        if wanted and self.ranges and condition in (None, self.etag):
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if start >= len(self.content) > 0:
            handler.send_response(416)
            if self.told:
                handler.send_header("Content-Range", f"bytes */{len(self.content)}")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start and self.told:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.length:
            handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        cut = self.cuts.pop(0) if self.cuts else None
        with suppress(BrokenPipeError, ConnectionResetError):  # the other side may have had enough
            handler.wfile.write(self.content[start:] if cut is None else self.content[start : start + cut])


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}/file"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
