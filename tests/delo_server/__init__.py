"""A stand-in of ДЕЛО's web API by docs/delo-api.md: a real HTTP server with a switch for every fault."""

from tests.delo_server.data import Store, StoredRubric, Write
from tests.delo_server.factory import HAND_SET, MAPPING, UNMAPPED, make_rubric, mixed_rubrics, pending_rubrics
from tests.delo_server.fault_kinds import (
    EMPTY_BODY,
    HTML_ERROR,
    INVALID_JSON,
    JSON_LIST,
    JSON_NULL,
    WRONG_CHARSET,
    AliasError,
    CloseAfter,
    Delay,
    Drip,
    Endless,
    Hang,
    MissingKey,
    NullData,
    NullPayload,
    Refused,
    Reject,
    Replace,
    Reset,
    Truncate,
    WrongEcho,
)
from tests.delo_server.faults import Faults
from tests.delo_server.messages import Request
from tests.delo_server.schema import Lack
from tests.delo_server.server import PASSWORD, USER, DeloServer
from tests.delo_server.sessions import Refusal, Sessions, Sign

__all__ = [
    "EMPTY_BODY",
    "HAND_SET",
    "HTML_ERROR",
    "INVALID_JSON",
    "JSON_LIST",
    "JSON_NULL",
    "MAPPING",
    "PASSWORD",
    "UNMAPPED",
    "USER",
    "WRONG_CHARSET",
    "AliasError",
    "CloseAfter",
    "Delay",
    "DeloServer",
    "Drip",
    "Endless",
    "Faults",
    "Hang",
    "Lack",
    "MissingKey",
    "NullData",
    "NullPayload",
    "Refusal",
    "Refused",
    "Reject",
    "Replace",
    "Request",
    "Reset",
    "Sessions",
    "Sign",
    "Store",
    "StoredRubric",
    "Truncate",
    "Write",
    "WrongEcho",
    "make_rubric",
    "mixed_rubrics",
    "pending_rubrics",
]
