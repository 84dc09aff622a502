"""The gateway to ДЕЛО: the only place that knows HTTP, sessions and GraphQL.

What is above sees :class:`DeloClient` (typed operations of one cycle) and :class:`DeloSession` (the account's
session, which outlives cycles), gets frozen values back, and errors of ``baikaldoc_pos.errors``.
"""

from baikaldoc_pos.delo.client import BatchRejected, DeloClient
from baikaldoc_pos.delo.documents import Documents, Selection, StatusPair
from baikaldoc_pos.delo.graphql import StaleBatch
from baikaldoc_pos.delo.pagination import ReadResult
from baikaldoc_pos.delo.reader import BY_ISN_AT_ONCE, CurrentRubrics
from baikaldoc_pos.delo.retry import Deadline, RetryPolicy, RetryWait
from baikaldoc_pos.delo.session import DeloSession
from baikaldoc_pos.delo.session_file import SessionFile, SignIns
from baikaldoc_pos.delo.transport import HttpTransport, RequestReport

__all__ = [
    "BY_ISN_AT_ONCE",
    "BatchRejected",
    "CurrentRubrics",
    "Deadline",
    "DeloClient",
    "DeloSession",
    "Documents",
    "HttpTransport",
    "ReadResult",
    "RequestReport",
    "RetryPolicy",
    "RetryWait",
    "Selection",
    "SessionFile",
    "SignIns",
    "StaleBatch",
    "StatusPair",
]
