"""One exchange: every fault of the wire is typed, no secret is told, the environment is not asked."""

import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from baikaldoc_pos.delo.transport import host_of
from baikaldoc_pos.errors import DeloUnavailable
from hypothesis import given
from hypothesis import strategies as st

from tests.delo_server import PASSWORD, USER, DeloServer

ACCOUNT = {"user": USER, "password": PASSWORD}
PROXY_PASSWORD = "pr0xy-geheim"
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)


@given(
    WORDS,
    WORDS,
    st.sampled_from(["delo.example.org", "127.0.0.1", "xn--d1acufc.xn--p1ai"]),
    st.none() | st.integers(1, 65535),
)
def test_a_host_is_told_without_credentials(user, password, host, port):
    address = f"{host}:{port}" if port else host
    for secret in ("", f"{user}:{password}@"):
        assert host_of(f"https://{secret}{address}/CoreHost/gql/{password}?token={password}") == address


@contextmanager
def answering(content: bytes) -> Iterator[str]:
    """A server that reads a little of each connection, sends the content and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(content)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot whole",
    ],
    ids=["closes", "407", "is no proxy", "truncates"],
)
def test_the_password_of_a_proxy_is_never_shown(connect, caplog, scheme, content):
    with answering(content) as address:
        proxy = f"http://pos:{PROXY_PASSWORD}@{address}"
        transport = connect(f"{scheme}://delo.invalid:8443", proxy=proxy, connect_timeout=2, read_timeout=2)
        try:
            transport.post(f"{scheme}://delo.invalid:8443/CoreHost/gql/query", ACCOUNT, "query")
        except DeloUnavailable as error:
            fault = error
        else:
            assert scheme == "http", "a tunnel came to be through a proxy that has none"
            return
    told = "\n".join([*traceback.format_exception(fault), repr(fault), repr(fault.fields), caplog.text])
    assert PROXY_PASSWORD not in told
    assert PASSWORD not in told
    assert fault.fields["host"] == "delo.invalid:8443"
    assert "delo" not in fault.fields["reason"], "the address is told twice"


def test_a_ca_file_that_is_gone_is_said_and_not_tried_again(tls, certificate, connect, tmp_path):
    copy = tmp_path / "ca.pem"
    copy.write_bytes(certificate.read_bytes())
    with DeloServer(tls=tls) as secure:
        transport = connect(secure.url, verify=copy)
        copy.unlink()
        with pytest.raises(DeloUnavailable) as caught:
            transport.post(secure.login_url, ACCOUNT, "sign_in")
    assert not caught.value.retry
    assert str(copy) in str(caught.value)


def test_the_environment_has_no_say_in_proxies(server, connect, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert connect(server.url).post(server.login_url, ACCOUNT, "sign_in").status == 200
