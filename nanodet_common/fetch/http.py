"""One HTTP request for a file or the rest of one."""

import re
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416


class Refused(Exception):
    """This address does not have the file; asking again is pointless."""


class Cut(Exception):
    """The server or the connection failed; asking again may help."""


class Offer(NamedTuple):
    """What a server answers.

    body       to be read; None where there is nothing left to send
    start      which byte of the file the body begins with
    total      bytes of the whole file, if the server says so
    validator  what recognises this very version of the file, if anything does
    """

    body: HTTPResponse | None
    start: int
    total: int | None
    validator: str | None


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows no redirection from https to http: a file without a known checksum would then be anybody's."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise Refused(f"redirects to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def ask(url: str, start: int, validator: str | None, timeout: float) -> Offer:
    """Request a file from byte `start` on; with a validator, from 0 if it has changed since.

    Raises Refused or Cut with the reason. The server decides where the body begins: look at the offer's `start`.
    """
    headers = {"User-Agent": "jtmigrate"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    try:
        opener = urllib.request.build_opener(_NoDowngrade)
        response = opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == RANGE_NOT_SATISFIABLE and start:
                return Offer(None, start, _total(error.headers.get("Content-Range"), None), None)
            reason = f"HTTP {error.code} {error.reason}"
        raise (Cut if error.code in TRANSIENT else Refused)(reason) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError | ConnectionResetError):
            raise Cut(_words(error.reason)) from error
        raise Refused(f"cannot be reached: {_words(error.reason)} (no network?)") from error
    except (OSError, HTTPException) as error:
        raise Cut(_words(error)) from error
    begin, content_range = 0, None
    if response.status == PARTIAL_CONTENT:
        content_range = response.headers.get("Content-Range", "none")
        first = re.match(r"bytes (\d+)-", content_range)
        if first is None:
            raise Refused(f"sends a part of the file without saying which (Content-Range: {content_range})")
        begin = int(first[1])
    return Offer(
        response,
        begin,
        _total(content_range, response.headers.get("Content-Length")),
        _validator(response.headers.get("ETag"), response.headers.get("Last-Modified")),
    )


def read(body: HTTPResponse, count: int) -> bytes:
    """The next bytes, none at the end. Raises Cut."""
    try:
        return body.read(count)
    except (OSError, HTTPException) as error:
        raise Cut(_words(error)) from error


def _total(content_range: str | None, content_length: str | None) -> int | None:
    if content_range is not None:
        found = re.search(r"/(\d+)$", content_range)
        return int(found[1]) if found else None
    return int(content_length) if content_length and content_length.isdecimal() else None


def _validator(etag: str | None, modified: str | None) -> str | None:
    # A weak ETag promises the same meaning, not the same bytes.
    return etag if etag and not etag.startswith("W/") else modified


def _words(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
