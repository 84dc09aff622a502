"""A plain client of the stand-in for its own tests: requests where it will do, a raw socket where it will not."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.delo_server import PASSWORD, USER, DeloServer

OPERATIONS = Path(__file__).parents[3] / "schema" / "operations"
PENDING = (OPERATIONS / "pending_rubrics.graphql").read_text(encoding="utf-8")
KEEP_ALIVE = (OPERATIONS / "keep_alive.graphql").read_text(encoding="utf-8")
PERIOD = {"since": "2026-10-01T00:00:00+08:00", "until": "2026-10-31T00:00:00+08:00"}
TIMEOUT = 5


def update(isn: int, value: str) -> str:
    """A write in the form that has run."""
    values = f"isnRefRubric: {isn}, posStatusRub: {json.dumps(value)}"
    answer = "success message data { isnRefRubric posStatusRub }"
    return f"mutation {{ updateArRubricValue(input: {{data: {{{values}}}}}) {{ {answer} }} }}"


class Client:
    def __init__(self, server: DeloServer, *, sign_in: bool = True) -> None:
        self.server = server
        self.http = requests.Session()
        self.http.trust_env = False
        if sign_in:
            assert self.sign_in().status_code == 200

    def post(self, url: str, payload: object, **options: Any) -> requests.Response:
        return self.http.post(url, json=payload, **{"timeout": TIMEOUT, "allow_redirects": False, **options})

    def sign_in(self, password: str = PASSWORD, user: str = USER) -> requests.Response:
        return self.post(self.server.login_url, {"user": user, "password": password})

    def sign_out(self) -> requests.Response:
        return self.post(self.server.logout_url, {})

    def ask(self, document: str, variables: Mapping[str, object] | None = None, **options: Any) -> requests.Response:
        return self.post(self.server.graphql_url, {"query": document, "variables": variables or {}}, **options)

    def data(self, document: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
        answer = self.ask(document, variables)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    def page(self, first: int = 100, after: str = "-1") -> dict[str, Any]:
        return self.data(PENDING, {"first": first, "after": after, **PERIOD})["arRubricValuesPg"]

    def isns(self, **options: Any) -> list[int | None]:
        return [edge["node"]["isnRefRubric"] for edge in self.page(**options)["edges"]]

    def filtered(self, condition: str) -> list[int]:
        document = f"{{ arRubricValuesPg(filter: {{{condition}}}) {{ items {{ isnRefRubric }} }} }}"
        return [row["isnRefRubric"] for row in self.data(document)["arRubricValuesPg"]["items"]]

    def write(self, *isns: int, value: str = "Назначен исполнитель", **options: Any) -> requests.Response:
        declared = ", ".join(f"$i{n}: UpdateArRubricValueInput!" for n in range(len(isns)))
        fields = " ".join(
            f"a{n}: updateArRubricValue(input: $i{n}) {{ success message messageCode systemMessage clientMutationId "
            "data { isnRefRubric posStatusRub } }"
            for n in range(len(isns))
        )
        variables = {
            f"i{n}": {"clientMutationId": f"c{n}", "data": {"isnRefRubric": isn, "posStatusRub": value}}
            for n, isn in enumerate(isns)
        }
        return self.ask(f"mutation Batch({declared}) {{ {fields} }}", variables, **options)

    def raw(self, document: str = KEEP_ALIVE) -> socket.socket:
        """A query sent on a socket of its own, its answer not yet read."""
        body = json.dumps({"query": document}).encode()
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        lines = (
            "POST /CoreHost/gql/query HTTP/1.1",
            "Host: delo",
            "Content-Type: application/json",
            f"Cookie: {cookies}",
            f"Content-Length: {len(body)}",
        )
        connection = socket.create_connection((self.server.host, self.server.port), timeout=TIMEOUT)
        connection.sendall("\r\n".join((*lines, "", "")).encode() + body)
        return connection


def everything(connection: socket.socket) -> bytes:
    """All bytes until the connection ends; raises what the socket raises."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)
