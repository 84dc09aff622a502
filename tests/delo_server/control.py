"""Lets another process drive the stand-in: a small JSON interface on a port of its own, untouched by the faults.

GET  /control/state, /control/rubrics, /control/writes, /control/log
POST /control/rubrics          [{rubric}, …]          add or replace rubrics
POST /control/script           {"fault": {"kind": "Reset", …}, "on": …, "operation": …, "times": …, "skip": …}
POST /control/faults           {"stuck_cursor": true, "writes": {"5": {"kind": "Refused"}}, …}   set switches
POST /control/sessions         {"seat_limit": 1, "sign": "302", …}                               set rules
POST /control/max_page_size    100
POST /control/clear, /control/release, /control/expire, /control/down, /control/up
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError
from cattrs.gen import make_dict_structure_fn
from cattrs.strategies import configure_tagged_union

from tests.delo_server.data import StoredRubric
from tests.delo_server.fault_kinds import Fault, WriteFault
from tests.delo_server.faults import Faults, Scripted
from tests.delo_server.listener import Listener, bound
from tests.delo_server.server import DeloServer
from tests.delo_server.sessions import Sessions


class BadRequestError(ValueError):
    """What came cannot be done."""


def make_converter() -> Converter:
    """JSON to our values and back: instants as ISO 8601, bytes as text, faults by the name of their class."""
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(bytes, lambda value, _: str(value).encode())
    for union in (Fault, WriteFault):
        configure_tagged_union(union, converter, tag_name="kind")
    converter.register_structure_hook(Scripted, make_dict_structure_fn(Scripted, converter))
    return converter


class Control:
    """The interface, from making it to ``close()``."""

    def __init__(self, server: DeloServer, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.server = server
        self._converter = make_converter()
        taken = bound(host, port)
        self.url = f"http://{host}:{taken.getsockname()[1]}"
        self._listener = Listener(taken, partial(_Handler, self))

    def close(self) -> None:
        self._listener.cut()
        self._listener.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def read(self, what: str) -> object:
        """The answer to a GET; raises BadRequestError."""
        server = self.server
        match what:
            case "state":
                return self._state()
            case "rubrics":
                return self._converter.unstructure(server.store.rubrics())
            case "writes":
                return self._converter.unstructure(server.store.writes)
            case "log":
                return [
                    {"kind": request.kind, "operation": request.operation, "at": request.at.isoformat()}
                    for request in server.log
                ]
            case _:
                raise BadRequestError(what)

    def do(self, what: str, value: Any) -> None:
        """What a POST asks for; raises BadRequestError or cattrs' errors."""
        server = self.server
        plain: Mapping[str, Callable[[], None]] = {
            "clear": server.faults.clear,
            "release": server.faults.release,
            "expire": server.expire_sessions,
            "down": server.go_down,
            "up": server.come_up,
        }
        match what:
            case "rubrics":
                server.store.add(*self._converter.structure(value, list[StoredRubric]))
            case "script":
                scripted = self._converter.structure(value, Scripted)
                server.faults.add(
                    scripted.fault,
                    on=scripted.on,
                    operation=scripted.operation,
                    times=scripted.times,
                    skip=scripted.skip,
                )
            case "faults":
                self._set(server.faults, Faults, value)
            case "sessions":
                self._set(server.sessions, Sessions, value)
            case "max_page_size":
                server.max_page_size = int(value)
            case _ if what in plain:
                plain[what]()
            case _:
                raise BadRequestError(what)

    def _set(self, target: object, kind: type[attrs.AttrsInstance], values: Any) -> None:
        settable = {attribute.name: attribute for attribute in attrs.fields(kind) if attribute.init}
        if not isinstance(values, dict) or not values.keys() <= settable.keys():
            raise BadRequestError(sorted(values))
        # All are read before the first is set: a request is done whole or not at all.
        read = {name: self._converter.structure(value, settable[name].type) for name, value in values.items()}
        for name, value in read.items():
            setattr(target, name, value)

    def _state(self) -> dict[str, object]:
        traffic, sessions = self.server.traffic, self.server.sessions
        return {
            "url": self.server.url,
            "up": self.server.is_up,
            "requests": traffic.requests,
            "connections": traffic.connections,
            "bytes_sent": traffic.bytes_sent,
            "kinds": dict(traffic.kinds),
            "operations": {name or "": count for name, count in traffic.operations.items()},
            "sign_ins": dict(sessions.sign_ins),
            "failed_sign_ins": dict(sessions.failed_sign_ins),
            "refused_for_seats": sessions.refused_for_seats,
            "sign_outs": sessions.sign_outs,
            "open_seats": sessions.open_seats,
            "rubrics": len(self.server.store),
            "writes": len(self.server.store.writes),
            "scripted": [type(scripted.fault).__name__ for scripted in self.server.faults.waiting],
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, control: Control, *arguments: Any) -> None:
        self.control = control
        super().__init__(*arguments)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self._answer(self.control.read)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(lambda what: self.control.do(what, json.loads(body) if body else None))

    def _answer(self, action: Callable[[str], object]) -> None:
        try:
            status, value = 200, action(self.path.removeprefix("/control/").strip("/"))
        except (BaseValidationError, StructureHandlerNotFoundError, ValueError, TypeError, KeyError) as error:
            status, value = 400, {"error": repr(error)}
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
