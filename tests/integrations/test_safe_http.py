"""Where strangers may send us: a corpus of addresses, a name that changes its mind, certificates, slow answers."""

import datetime as dt
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cxms.lib import safe_http
from cxms.lib.safe_http import Unreachable, Unsafe

PUBLIC = "93.184.215.14"
NAMES = {
    "hooks.example.com": [PUBLIC],
    "xn--fiqs8s.example.com": [PUBLIC],
    "six.example.com": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "both.example.com": [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "mixed.example.com": [PUBLIC, "10.0.0.7"],
    "inner.example.com": ["192.168.1.9"],
    "loop.example.com": ["127.0.0.1"],
    "meta.example.com": ["169.254.169.254"],
    "ali.example.com": ["100.100.100.200"],
    "mapped.example.com": ["::ffff:169.254.169.254"],
    "nat64.example.com": ["64:ff9b::a9fe:a9fe"],
    "nat64good.example.com": ["64:ff9b::5db8:d70e"],
    "sixto4.example.com": ["2002:7f00:1::"],
    "teredo.example.com": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "ula.example.com": ["fd00:ec2::254"],
    "scoped.example.com": ["fe80::1%eth0"],
    "empty.example.com": [],
}


def resolver(host, port):
    if host not in NAMES:
        raise socket.gaierror("unknown")
    return NAMES[host]


GOOD = [
    "https://hooks.example.com/in",
    "https://hooks.example.com",
    "https://hooks.example.com:8443/a?b=c",
    "https://HOOKS.example.com./x",
    "https://中国.example.com/x",
    "https://six.example.com/",
    "https://both.example.com/",
    "https://nat64good.example.com/",
    "https://93.184.215.14/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
]
BAD = [
    ("http://hooks.example.com/", "not_https"),
    ("ftp://hooks.example.com/", "bad_url"),
    ("file:///etc/passwd", "bad_url"),
    ("gopher://hooks.example.com/", "bad_url"),
    ("//hooks.example.com/", "bad_url"),
    ("HTTPS//hooks.example.com", "bad_url"),
    ("https:hooks.example.com", "bad_url"),
    ("", "bad_url"),
    ("https://", "bad_host"),
    ("https:///x", "bad_host"),
    ("https://hooks.example.com/#x", "bad_url"),
    ("https://hooks.example.com:22/", "bad_port"),
    ("https://hooks.example.com:80/", "bad_port"),
    ("https://hooks.example.com:0/", "bad_port"),
    ("https://hooks.example.com:99999/", "bad_port"),
    ("https://hooks.example.com:4a/", "bad_url"),
    ("https://user@hooks.example.com/", "userinfo"),
    ("https://user:pass@hooks.example.com/", "userinfo"),
    ("https://hooks.example.com@127.0.0.1/", "userinfo"),
    ("https://hooks.example.com\\@127.0.0.1/", "bad_characters"),
    ("https:\\\\hooks.example.com/", "bad_characters"),
    ("https://hooks.example.com/\r\nX: y", "bad_characters"),
    ("https://hooks.example.com/\x00", "bad_characters"),
    ("https://hooks.exam ple.com/", "bad_characters"),
    ("https://hooks.example.com/路", "bad_characters"),
    ("https://hooks\u200b.example.com/", "bad_characters"),
    ("https://-hooks.example.com/", "bad_host"),
    ("https://hooks..example.com/", "bad_host"),
    ("https://hooks%2eexample.com/", "bad_host"),
    ("https://" + "a" * 64 + ".example.com/", "bad_host"),
    ("https://a.example.com/" + "x" * 2000, "too_long"),
    ("https://localhost/", "local_name"),
    ("https://LOCALHOST./", "local_name"),
    ("https://db.localhost/", "local_name"),
    ("https://printer.local/", "local_name"),
    ("https://metadata.google.internal/", "local_name"),
    ("https://intranet/", "local_name"),
    ("https://router.home.arpa/", "local_name"),
    ("https://127.0.0.1/", "not_public"),
    ("https://127.1/", "odd_address"),
    ("https://2130706433/", "odd_address"),
    ("https://0x7f000001/", "odd_address"),
    ("https://0x7f.0.0.1/", "odd_address"),
    ("https://0177.0.0.1/", "odd_address"),
    ("https://017700000001/", "odd_address"),
    ("https://1.2.3/", "odd_address"),
    ("https://1.2.3.4.5/", "odd_address"),
    ("https://１２７.０.０.１/", "not_public"),
    ("https://127。0。0。1/", "not_public"),
    ("https://①②⑦.0.0.1/", "not_public"),
    ("https://0.0.0.0/", "not_public"),
    ("https://10.1.2.3/", "not_public"),
    ("https://172.16.0.1/", "not_public"),
    ("https://192.168.0.1/", "not_public"),
    ("https://169.254.169.254/latest/meta-data/", "not_public"),
    ("https://100.64.0.1/", "not_public"),
    ("https://100.100.100.200/", "not_public"),
    ("https://168.63.129.16/", "not_public"),
    ("https://192.0.0.8/", "not_public"),
    ("https://192.0.2.1/", "not_public"),
    ("https://198.18.0.1/", "not_public"),
    ("https://224.0.0.1/", "not_public"),
    ("https://240.0.0.1/", "not_public"),
    ("https://255.255.255.255/", "not_public"),
    ("https://[::1]/", "not_public"),
    ("https://[::]/", "not_public"),
    ("https://[::ffff:7f00:1]/", "not_public"),
    ("https://[::ffff:127.0.0.1]/", "not_public"),
    ("https://[::127.0.0.1]/", "not_public"),
    ("https://[64:ff9b::7f00:1]/", "not_public"),
    ("https://[64:ff9b:1::1]/", "not_public"),
    ("https://[2002:7f00:1::]/", "not_public"),
    ("https://[2002:a9fe:a9fe::]/", "not_public"),
    ("https://[fe80::1]/", "not_public"),
    ("https://[fe80::1%25eth0]/", "bad_url"),
    ("https://[fc00::1]/", "not_public"),
    ("https://[fec0::1]/", "not_public"),
    ("https://[ff02::1]/", "not_public"),
    ("https://[2001:db8::1]/", "not_public"),
    ("https://[::1/", "bad_url"),
    ("https://[g::1]/", "bad_url"),
    ("https://mixed.example.com/", "not_public"),
    ("https://inner.example.com/", "not_public"),
    ("https://loop.example.com/", "not_public"),
    ("https://meta.example.com/", "not_public"),
    ("https://ali.example.com/", "not_public"),
    ("https://mapped.example.com/", "not_public"),
    ("https://nat64.example.com/", "not_public"),
    ("https://sixto4.example.com/", "not_public"),
    ("https://teredo.example.com/", "not_public"),
    ("https://ula.example.com/", "not_public"),
    ("https://scoped.example.com/", "not_public"),
    ("https://empty.example.com/", "no_address"),
    ("https://nowhere.example.com/", "no_address"),
]


def test_the_corpus_is_large():
    assert len(BAD) + len(GOOD) >= 60
    assert len({url for url, _ in BAD}) == len(BAD)


@pytest.mark.parametrize("url", GOOD)
def test_public_addresses_pass(url):
    target = safe_http.check(url, resolver=resolver)
    assert (target.scheme, target.port) == ("https", 8443 if ":8443" in url else 443)
    assert target.host.isascii() and target.host == target.host.lower() and not target.host.endswith(".")
    # what was judged is what is connected to: addresses of the resolver, each a public one
    found = safe_http.addresses(target, resolver=resolver, allow=frozenset(), seconds=5)
    assert found and all(safe_http.refusal(address) == "" for address in found)


@pytest.mark.parametrize(("url", "code"), BAD)
def test_everything_else_is_refused_by_name(url, code):
    with pytest.raises((Unsafe, Unreachable)) as caught:
        safe_http.check(url, resolver=resolver)
    assert caught.value.code == code


def test_the_control_the_standard_library_alone_lets_some_of_these_through():
    import ipaddress

    holes = ["64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "168.63.129.16"]
    assert all(ipaddress.ip_address(text).is_global for text in holes)
    assert all(safe_http.refusal(text) for text in holes)
    assert safe_http.refusal(PUBLIC) == ""


def test_a_resolver_that_hangs_is_left_behind():
    began = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        safe_http.addresses(safe_http.parse("https://hooks.example.com/"), resolver=lambda *_: time.sleep(20) or [], seconds=0.3)
    assert caught.value.code == "dns_timeout"
    assert time.monotonic() - began < 15, "a resolver of twenty seconds is left behind"


@pytest.fixture
def listener():
    """A plain socket that notes who connects."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.settimeout(0.2)
    met = []
    stop = threading.Event()

    def accept():
        while not stop.is_set():
            try:
                peer, _ = sock.accept()
            except OSError:
                continue
            met.append(peer)
            peer.recv(1000)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            peer.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield sock.getsockname()[1], met
    stop.set()
    thread.join()
    sock.close()


class Rebinding:
    """Says a permitted address at first and another one ever after."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def __call__(self, host, port):
        self.asked += 1
        return [self.answers[min(self.asked, len(self.answers)) - 1]]


def test_a_name_that_changes_its_mind_is_judged_anew_at_every_attempt(listener):
    port, met = listener
    rebinding = Rebinding(PUBLIC, "127.0.0.1")
    safe_http.check("https://hooks.example.com/", resolver=rebinding)
    with pytest.raises(Unsafe) as caught:
        safe_http.post("https://hooks.example.com/", b"{}", {}, resolver=rebinding)
    assert caught.value.code == "not_public"
    assert met == []


def test_one_attempt_resolves_once_and_goes_where_it_was_judged(listener, monkeypatch):
    """Between the judgement and the connection the name is not asked again: a flip in between reaches nothing."""
    port, met = listener
    rebinding = Rebinding("127.0.0.1", "127.0.0.2")
    asked = []
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host) or real(host, *rest, **more))
    answer = safe_http.post(f"http://hooks.example.com:{port}/", b"{}", {}, resolver=rebinding, allow=frozenset({"127.0.0.1"}))
    assert (answer.status, answer.excerpt, rebinding.asked) == (200, b"ok", 1)
    assert len(met) == 1
    assert "hooks.example.com" not in asked


def test_the_control_a_client_that_resolves_again_is_led_inside(listener):
    """What a check followed by an ordinary client does: it goes to whatever the name says by then."""
    import http.client

    port, met = listener
    rebinding = Rebinding(PUBLIC, "127.0.0.1")
    safe_http.check("https://hooks.example.com/", resolver=rebinding)
    connection = http.client.HTTPConnection(rebinding("hooks.example.com", port)[0], port, timeout=3)
    connection.request("POST", "/", b"{}")
    assert connection.getresponse().status == 200
    assert len(met) == 1, "the harness must be able to see a visit inside"


def test_permission_is_for_the_named_address_alone(listener):
    port, met = listener
    for allow in (frozenset(), frozenset({"127.0.0.2"})):
        with pytest.raises(Unsafe):
            safe_http.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow=allow)
    with pytest.raises(Unsafe):
        safe_http.addresses(safe_http.parse("https://mixed.example.com/"), resolver=resolver, allow=frozenset({PUBLIC}))
    assert met == []


def test_proxies_of_the_environment_are_ignored(listener, monkeypatch):
    port, met = listener
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    answer = safe_http.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow=frozenset({"127.0.0.1"}))
    assert answer.status == 200


def certificate(tmp_path, name, *, days):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=30 + days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / f"{name}-{days}.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


def serve_tls(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    names = []
    context.sni_callback = lambda sock, name, ctx: names.append(name)
    server = socket.create_server(("127.0.0.1", 0))
    heard = []

    def run():
        for _ in range(1):
            peer, _ = server.accept()
            try:
                with context.wrap_socket(peer, server_side=True) as wire:
                    said = b""
                    while not said.endswith(b"{}"):
                        said += wire.recv(4000)
                    heard.append(said)
                    wire.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                pass

    threading.Thread(target=run, daemon=True).start()
    return server.getsockname()[1], names, heard


@pytest.mark.parametrize(
    ("name", "days", "trusted", "expected"),
    [
        ("hooks.example.com", 10, True, 204),
        ("hooks.example.com", -5, True, "tls"),
        ("other.example.com", 10, True, "tls"),
        ("hooks.example.com", 10, False, "tls"),
    ],
    ids=["right", "expired", "another name", "nobody vouches"],
)
def test_tls_goes_to_the_pinned_address_under_the_names_certificate(tmp_path, monkeypatch, name, days, trusted, expected):
    path = certificate(tmp_path, name, days=days)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    port, names, heard = serve_tls(path)
    call = {"resolver": lambda *_: ["127.0.0.1"], "allow": frozenset({"127.0.0.1"}), "total_seconds": 5}
    if expected == 204:
        assert safe_http.post(f"https://hooks.example.com:{port}/p?q", b"{}", {}, **call).status == 204
        assert heard[0].startswith(b"POST /p?q HTTP/1.1\r\n")
        assert f"Host: hooks.example.com:{port}\r\n".encode() in heard[0]
    else:
        with pytest.raises(Unreachable) as caught:
            safe_http.post(f"https://hooks.example.com:{port}/", b"{}", {}, **call)
        assert caught.value.code == expected
        assert heard == []
    assert names == ["hooks.example.com"]


def test_a_slow_drip_ends_at_the_wall_clock(receiver):
    receiver.script["/hook"] = ["drip"]
    began = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        safe_http.post(receiver.url(), b"{}", {}, allow=frozenset({"127.0.0.1"}), total_seconds=1.0)
    assert caught.value.code == "timeout"
    assert time.monotonic() - began < 15, "a drip of thirty seconds is cut off"


def test_a_reset_in_the_middle_of_the_answer_is_a_failure(receiver):
    receiver.script["/hook"] = ["reset"]
    with pytest.raises(Unreachable) as caught:
        safe_http.post(receiver.url(), b"{}", {}, allow=frozenset({"127.0.0.1"}))
    assert caught.value.code == "broken"


def test_of_a_huge_answer_little_is_read_and_less_is_kept(receiver):
    receiver.script["/hook"] = [(200, {"X-Size": str(10**9)})]
    began = time.monotonic()
    answer = safe_http.post(receiver.url(), b"{}", {}, allow=frozenset({"127.0.0.1"}))
    assert (answer.status, len(answer.excerpt)) == (200, safe_http.KEEP_BYTES)
    assert time.monotonic() - began < 30
