"""HTTP to addresses that strangers chose: one parser, one resolution, a pinned address, one wall-clock limit.

Every address a name resolves to must be a public one, inner addresses of transition formats included; the connection
then goes to the checked address itself, so that a second resolution cannot change it, while SNI, Host and the
certificate's name stay the host's. No redirects, no proxies, no cookies. Standard library only; knows no framework.
"""

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PORTS = frozenset({443, 8443})
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
READ_BYTES = 64 * 1024
KEEP_BYTES = 2 * 1024
MAX_URL = 2000

Resolver = Callable[[str, int], list[str]]
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)\Z")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
# names that mean this machine or this network, whatever a resolver says
_HOME = ("localhost", "local", "internal", "intranet", "home.arpa", "lan")
_DENIED = [
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT, Alibaba's metadata inside
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # Azure's wire server: public by form only
        "64:ff9b:1::/48",  # NAT64 of a local network
        "fec0::/10",  # site local, deprecated
        "::/96",  # IPv4-compatible
    )
]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unsafe(ValueError):
    """The address is not one we go to. `code` is stable; the text names no inner detail of our network."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Unreachable(OSError):
    """The far side was not reached or did not answer in time or in form."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Target:
    """A parsed URL: ASCII host (no brackets), port, path with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The Host header: brackets for IPv6, the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers in lower case, the first bytes of the body (2 KiB unless more were asked for)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    excerpt: bytes = b""


def parse(url: str) -> Target:
    """The one reading of a URL. Raises Unsafe for what two parsers could read in two ways."""
    if len(url) > MAX_URL:
        raise Unsafe("too_long", f"longer than {MAX_URL} characters")
    if "\\" in url or any(c.isspace() or not c.isprintable() for c in url):
        raise Unsafe("bad_characters", "spaces, backslashes and control characters are not allowed")
    match = _URL.match(url)
    if match is None:
        raise Unsafe("bad_url", "https://host/path is expected, without a fragment")
    scheme, authority, path = match.groups()
    if "@" in authority:
        raise Unsafe("userinfo", "a user name in the address is not allowed")
    host, port = _host_and_port(authority)
    if not path.isascii():
        raise Unsafe("bad_characters", "the path holds characters that must be percent-encoded")
    path = path if path.startswith("/") else f"/{path}"
    return Target(scheme, _host(host), port or (443 if scheme == "https" else 80), path)


def _host_and_port(authority: str) -> tuple[str, int]:
    found = re.match(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::([0-9]{1,5}))?\Z", authority)
    if found is None:
        raise Unsafe("bad_url", "the host cannot be read")
    port = int(found[2] or 0)
    if port > 65535 or (found[2] and port == 0):
        raise Unsafe("bad_port", "not a port")
    return found[1], port


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError as error:
            raise Unsafe("bad_host", "not an IPv6 address") from error
    try:
        # nameprep first: full-width digits and dots become the plain ones and are looked at below
        name = text.encode("idna").decode("ascii").lower() if not text.isascii() else text.lower()
    except UnicodeError as error:
        raise Unsafe("bad_host", "not a host name") from error
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.match(labels[-1]):
        # what ends in a number is an address, and only in its one plain form
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError as error:
            raise Unsafe("odd_address", "write an IPv4 address as four decimal numbers") from error
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise Unsafe("bad_host", "not a host name")
    if len(labels) == 1 or name.endswith(tuple(f".{home}" for home in _HOME)):
        raise Unsafe("local_name", "a name of this network, not a public one")
    return name


def refusal(text: str) -> str:
    """Why an address is not a public one, or "" when it is. Addresses inside addresses are looked at too."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return "not an address"
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        return "scoped"
    for one in (address, *_inside(address)):
        if any(one in network for network in _DENIED if network.version == one.version):
            return "reserved"
        if one.is_multicast or one.is_reserved and one not in _NAT64 or one.is_unspecified or not one.is_global:
            return "not public"
    return ""


def _inside(address: Address) -> list[Address]:
    """The IPv4 addresses an IPv6 address carries: mapped, compatible, 6to4, Teredo's two, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address] = []
    if address.ipv4_mapped is not None:
        found.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if address in _NAT64 or int(address) < 1 << 32:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def system_resolver(host: str, port: int) -> list[str]:
    """Every address the system knows for a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def addresses(
    target: Target, *, resolver: Resolver = system_resolver, allow: frozenset[str] = frozenset(), seconds: float = CONNECT_SECONDS
) -> list[str]:
    """The checked addresses of a target, resolved once. Raises Unsafe when any is not public, Unreachable without one.

    allow: addresses that are permitted by the operator; only they may be spoken to over http or on any port.
    """
    found = _resolved(target, resolver, seconds)
    if not found:
        raise Unreachable("no_address", "the name has no address")
    if all(address in allow for address in found):
        return found
    if target.scheme != "https":
        raise Unsafe("not_https", "https is required")
    if target.port not in PORTS:
        raise Unsafe("bad_port", f"the port must be one of {sorted(PORTS)}")
    if any(refusal(address) for address in found if address not in allow):
        raise Unsafe("not_public", "the name leads to an address that is not public")
    return found


def _resolved(target: Target, resolver: Resolver, seconds: float) -> list[str]:
    try:
        return [str(ipaddress.ip_address(target.host))]
    except ValueError:
        pass
    said: list[list[str]] = []
    failed: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            said.append(resolver(target.host, target.port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    # getaddrinfo knows no time limit: it is asked beside us, and left behind when it is late
    asking = threading.Thread(target=ask, name="resolve", daemon=True)
    asking.start()
    asking.join(seconds)
    if failed:
        raise Unreachable("no_address", "the name cannot be resolved")
    if not said:
        raise Unreachable("dns_timeout", "the name was not resolved in time")
    return said[0]


def check(url: str, *, resolver: Resolver = system_resolver, allow: frozenset[str] = frozenset()) -> Target:
    """Reads, resolves and judges a URL without speaking to it, as at registration. Raises Unsafe or Unreachable."""
    target = parse(url)
    addresses(target, resolver=resolver, allow=allow)
    return target


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolver: Resolver = system_resolver,
    allow: frozenset[str] = frozenset(),
    connect_seconds: float = CONNECT_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    method: str = "POST",
    keep_bytes: int = KEEP_BYTES,
) -> Answer:
    """Sends one POST (or GET, PUT) and reads at most 64 KiB of the answer, all within `total_seconds` of wall clock.

    keep_bytes: how much of the answer is kept. Raises Unsafe, or Unreachable with one of: no_address, dns_timeout, connect, tls, timeout, broken.
    """
    ends = time.monotonic() + total_seconds
    target = parse(url)
    found = addresses(target, resolver=resolver, allow=allow, seconds=min(connect_seconds, total_seconds))
    try:
        sock = _connect(found, target, ends, connect_seconds)
        with sock:
            return _exchange(_Timed(sock, ends), target, body, headers, method, keep_bytes)
    except TimeoutError as error:
        raise Unreachable("timeout", "no complete answer in time") from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "handshake failed"
        raise Unreachable("tls", f"TLS: {reason}"[:200]) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, Unreachable):
            raise
        raise Unreachable("broken", f"the connection broke: {type(error).__name__}") from error


def _connect(found: list[str], target: Target, ends: float, connect_seconds: float) -> socket.socket:
    until = min(ends, time.monotonic() + connect_seconds)
    for address in found:
        try:
            plain = socket.create_connection((address, target.port), timeout=max(0.01, until - time.monotonic()))
            break
        except OSError:
            continue
    else:
        raise Unreachable("connect", "no connection")
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(max(0.01, ends - time.monotonic()))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _exchange(wire: "_Timed", target: Target, body: bytes, headers: Mapping[str, str], method: str, keep_bytes: int) -> Answer:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = wire  # quacks like the socket http.client needs
    given = {"Host": target.host_header, "Connection": "close", **headers}
    connection.request(method, target.path, body=None if method == "GET" else body, headers=given)
    with connection.getresponse() as answer:
        kept = b""
        left = READ_BYTES
        while left > 0 and (part := answer.read1(min(left, 8192))):
            left -= len(part)
            kept += part[: max(0, keep_bytes - len(kept))]
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, kept)


class _Timed:
    """A socket whose every wait ends at one instant, however slowly the far side drips."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends = sock, ends

    def _arm(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        self._sock.settimeout(left)

    def sendall(self, data: bytes) -> None:
        """Sends everything in time."""
        view = memoryview(data)
        while view:
            self._arm()
            view = view[self._sock.send(view) :]

    def recv_into(self, buffer: Any) -> int:
        """Receives what is there, in time."""
        self._arm()
        return self._sock.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The reading side for http.client."""
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """http.client is done with the sending side; whoever opened the socket closes it."""


class _Reader(io.RawIOBase):
    """The raw side of `_Timed.makefile`."""

    def __init__(self, wire: _Timed) -> None:
        self._wire = wire

    def readable(self) -> bool:
        """It is read only."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills what is there."""
        return self._wire.recv_into(buffer)
