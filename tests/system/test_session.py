"""The session: renewed where it has ended, never more seats than one, never a second try with a wrong password."""

import json
import logging
import re

import pytest
from baikaldoc_pos.assembly import gateway, open_session
from baikaldoc_pos.delo import DeloSession
from baikaldoc_pos.errors import (
    CredentialsRejected,
    DeloUnavailable,
    SessionNotAccepted,
    SignInPostponed,
    UnexpectedAnswer,
)

from tests.clocks import ManualClock
from tests.delo_server import (
    HAND_SET,
    HTML_ERROR,
    MAPPING,
    PASSWORD,
    USER,
    Refusal,
    Reject,
    Replace,
    Request,
    Reset,
    Sign,
    Truncate,
    make_rubric,
    pending_rubrics,
)
from tests.delo_server.application import signed_out
from tests.delo_server.documents import INPUT_TYPE, KNOWN_VARIABLE_TYPES
from tests.delo_server.messages import JSON as JSON_TYPE
from tests.installation import Installation
from tests.system.accounts import assert_reconciled, bookmark, expected

COUNT = 24  # two pages, three batches
RUBRICS = pending_rubrics(COUNT)

every_sign = pytest.mark.parametrize("sign", Sign)


@pytest.fixture
def installation(installation: Installation) -> Installation:
    installation.server.store.add(*RUBRICS)
    installation.processing["pagination"] = {"pageSize": 20}
    installation.processing["batchSize"] = 10
    return installation


def assert_no_seat_left(installation: Installation) -> None:
    assert installation.server.sessions.open_seats == 0


# --- A session that ends ---


@every_sign
@pytest.mark.parametrize("operations", [{"PendingRubrics", "WindowRubrics"}, {"UpdateRubrics"}], ids=["read", "write"])
def test_a_session_that_has_ended_is_renewed_once_and_the_request_repeated(
    installation: Installation, sign: Sign, operations: set[str], clock: ManualClock
) -> None:
    server = installation.server
    server.sessions.sign = sign

    def expire(request: Request) -> None:
        if request.operation in operations and server.traffic.operations[request.operation] == 2:
            server.expire_sessions()

    server.on_request(expire)
    report = installation.cycle(clock)
    assert report.error is None
    assert_reconciled(installation, expected(RUBRICS))
    assert len(server.store.writes) == COUNT
    assert server.sign_ins == 2
    assert clock.pauses == []
    assert_no_seat_left(installation)


@pytest.mark.full_server
@every_sign
def test_a_session_that_lasts_for_few_requests_only(installation: Installation, sign: Sign) -> None:
    server = installation.server
    server.sessions.sign = sign
    server.sessions.expire_after_queries = 2
    installation.service["lookback"]["days"] = 0  # nothing is counted
    report = installation.cycle()
    assert report.error is None
    assert_reconciled(installation, expected(RUBRICS))
    assert server.sign_ins == 4  # a batch is looked at again before the new session sends it
    assert_no_seat_left(installation)


@every_sign
def test_a_sign_that_did_not_end_the_session_leaves_no_seat_behind(installation: Installation, sign: Sign) -> None:
    """A proxy's whim: the session lives on, and it is signed out before a new one is opened."""
    server = installation.server
    answer = signed_out(sign)
    server.faults.add(Replace(answer.status, answer.body, answer.content_type, answer.headers), skip=2)
    server.sessions.seat_limit = 1
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))
    assert (server.sign_ins, server.sessions.sign_outs) == (2, 2)
    assert_no_seat_left(installation)


def test_a_session_that_is_lost_after_each_query_does_not_fill_the_log_of_sign_ins(installation: Installation) -> None:
    installation.server.sessions.expire_after_queries = 1
    installation.processing["pagination"] = {"pageSize": 2}
    assert isinstance(installation.cycle().error, SessionNotAccepted)
    assert isinstance(installation.cycle().error, SessionNotAccepted)
    assert installation.server.sign_ins <= 24
    assert_no_seat_left(installation)


@every_sign
def test_a_session_that_is_never_accepted(installation: Installation, sign: Sign, clock: ManualClock) -> None:
    """Rights, or a proxy in between: that is said, and signing in does not go on and on."""
    server = installation.server
    server.sessions.sign = sign
    server.sessions.accept_nothing = True
    report = installation.cycle(clock)
    # A page where JSON should be may also be one of maintenance, which passes.
    by_page = sign is Sign.LOGIN_PAGE
    assert isinstance(report.error, DeloUnavailable if by_page else SessionNotAccepted)
    assert report.exit_code == (75 if by_page else 77)
    assert server.sign_ins <= (8 if by_page else 2)
    assert server.store.writes == ()
    assert bookmark(installation) is None
    assert_no_seat_left(installation)


def test_a_page_of_maintenance_that_passes_is_waited_for(installation: Installation, clock: ManualClock) -> None:
    installation.server.faults.add(HTML_ERROR, times=5)
    assert installation.cycle(clock).error is None
    assert len(clock.pauses) == 2
    assert_reconciled(installation, expected(RUBRICS))
    assert_no_seat_left(installation)


def test_a_redirect_that_is_not_to_signing_in_is_no_sign_of_it(installation: Installation) -> None:
    elsewhere = Replace(302, headers=(("Location", "https://delo.example/elsewhere"),))
    installation.server.faults.add(elsewhere, times=None)
    report = installation.cycle()
    assert isinstance(report.error, UnexpectedAnswer)
    assert installation.server.sign_ins == 1
    assert_no_seat_left(installation)


def test_redirects_are_not_followed(installation: Installation) -> None:
    installation.server.sessions.sign = Sign.REDIRECT
    installation.server.sessions.expire_after_queries = 3
    installation.cycle()
    assert installation.server.traffic.kinds["other"] == 0


# --- Signing in ---


@pytest.mark.parametrize("refusal", Refusal)
def test_rejected_credentials_are_tried_exactly_once(
    installation: Installation, refusal: Refusal, clock: ManualClock
) -> None:
    server = installation.server
    server.sessions.reject = True
    server.sessions.refusal = refusal
    report = installation.cycle(clock)
    assert isinstance(report.error, CredentialsRejected)
    assert report.exit_code == 77
    assert server.requests == server.traffic.kinds["login"] == 1
    assert clock.pauses == []


def test_credentials_that_are_rejected_in_the_middle_end_the_cycle(installation: Installation) -> None:
    """The password was changed while we worked."""
    server = installation.server

    def change_password(request: Request) -> None:
        if request.is_mutation and not server.store.writes:
            server.sessions.reject = True
            server.expire_sessions()

    server.on_request(change_password)
    first = installation.cycle()
    assert isinstance(first.error, CredentialsRejected)
    assert server.failed_sign_ins == 1
    assert server.store.writes == ()
    server.on_request(None)
    server.sessions.reject = False
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))


def test_an_account_is_never_locked_by_us(installation: Installation) -> None:
    server = installation.server
    server.sessions.lock_after = 2
    installation.connection["password"] = "не тот"
    installation.cycle()
    installation.connection["password"] = PASSWORD
    assert installation.cycle().error is None


def said(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Replace:
    return Replace(status, json.dumps({"message": message}).encode(), JSON_TYPE, headers)


COOKIE = (("Set-Cookie", "DeloSession=x; Path=/"),)
OUTAGES = [
    *map(Replace.by_status, (503, 502, 504, 429, 400, 403, 408, 421, 423, 204)),
    HTML_ERROR,
    said(403, "Нет свободных лицензий"),
    said(500, "Нет свободных лицензий"),
]


@pytest.mark.parametrize("fault", OUTAGES)
def test_an_outage_at_signing_in_is_no_rejection(
    installation: Installation, fault: Replace, clock: ManualClock
) -> None:
    installation.server.faults.add(fault, on="login", times=3)
    assert installation.cycle(clock).error is None
    assert len(clock.pauses) == 3
    assert_reconciled(installation, expected(RUBRICS))
    assert_no_seat_left(installation)


def test_a_connection_that_is_cut_under_a_renewing_sign_in_is_an_outage(
    installation: Installation, clock: ManualClock
) -> None:
    server = installation.server
    server.faults.add(Reset(), on="login", skip=1)

    def expire(request: Request) -> None:
        if request.operation == "PendingRubrics" and server.traffic.operations["PendingRubrics"] == 2:
            server.expire_sessions()

    server.on_request(expire)
    assert installation.cycle(clock).error is None
    assert_reconciled(installation, expected(RUBRICS))


UNCLEAR = [
    Reset(execute=True),
    Replace.by_status(500),
    said(500, "Внутренняя ошибка"),
    said(200, "Что-то случилось"),
    said(500, "Неверный пароль"),
    said(423, "Учётная запись заблокирована"),
    said(407, "Wrong user or password of the proxy"),
    Replace(200, b'{"errors": ["?"]}', JSON_TYPE, COOKIE),
    Replace(200, HTML_ERROR.body, "text/html", COOKIE),
    Replace(302, headers=(("Location", "/CoreHost/auth/login?error=1"),)),
    Replace(200, "<p>Неверный пароль</p>".encode(), "text/html"),
]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_an_unclear_sign_in_is_tried_twice_in_a_quarter_of_an_hour_over_restarts(
    installation: Installation, fault: Replace | Reset, clock: ManualClock
) -> None:
    """ДЕЛО may have counted it as a failure, and locks accounts."""
    server, configuration = installation.server, installation.configuration()
    server.faults.add(fault, on="login", times=2)

    def restarted() -> DeloSession:
        return open_session(configuration, clock, kept_in=installation.paths.state)

    for _ in range(2):
        with pytest.raises(DeloUnavailable):
            restarted().sign_in()
    with pytest.raises(SignInPostponed):
        restarted().sign_in()
    # A command that takes nothing over counts with it.
    with pytest.raises(SignInPostponed):
        open_session(configuration, clock, counted_in=installation.paths.state).sign_in()
    assert server.traffic.kinds["login"] == 2
    clock.advance(minutes=15)
    session = restarted()
    gateway(session, configuration, clock).keep_alive()
    session.sign_out()
    assert server.traffic.kinds["login"] == 3


NO = Replace(200, b'{"Success": false, "Errors": [{"Message": "wrong password"}]}', JSON_TYPE, COOKIE)


@pytest.mark.parametrize(
    "fault", [said(400, "Неверный пароль"), NO, Replace(401, b"\xff\x00", "text/html"), Truncate()]
)
def test_a_rejection_is_told_by_its_status_or_by_its_words(
    installation: Installation, fault: Replace | Truncate, clock: ManualClock
) -> None:
    installation.server.sessions.reject = True
    installation.server.faults.add(fault, on="login", times=None)
    assert isinstance(installation.cycle(clock).error, CredentialsRejected)
    assert installation.server.traffic.kinds["login"] == 1
    assert installation.server.traffic.kinds["query"] == 0


def test_a_cookie_that_has_expired_by_our_clock_alone_is_used(installation: Installation) -> None:
    installation.server.sessions.expires_after = 1200
    installation.server.sessions.years_behind = 1
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))


@pytest.mark.parametrize("status", [404, 405, 302])
def test_a_wrong_address_of_signing_in_is_no_rejection(
    installation: Installation, status: int, clock: ManualClock
) -> None:
    installation.server.faults.add(Replace.by_status(status), on="login", times=None)
    report = installation.cycle(clock)
    assert isinstance(report.error, UnexpectedAnswer)
    assert str(status) in str(report.error)
    assert installation.server.requests == 1


@pytest.mark.parametrize("body", [b"\x00 OK?", '{"success": true, "message": "Пароль истекает"}'.encode()])
def test_the_body_of_signing_in_is_not_relied_on(installation: Installation, body: bytes) -> None:
    def replace(request: Request) -> None:
        if request.kind == "login":
            session = installation.server.sessions.sign_in(USER, PASSWORD)
            cookie = ("Set-Cookie", f"DeloSession={session.id}; Path=/; HttpOnly")
            installation.server.faults.add(Replace(200, body, "text/plain", (cookie,)), on="login")

    installation.server.on_request(replace)
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))


@pytest.mark.parametrize("app", ["pos", None])
def test_what_is_sent_to_sign_in(installation: Installation, app: str | None) -> None:
    installation.connection["app"] = app
    installation.cycle()
    (sent,) = [request.payload for request in installation.server.log if request.kind == "login"]
    wanted: dict[str, object] = {"user": USER, "password": PASSWORD}
    assert sent == (wanted if app is None else wanted | {"items": {"app": app}})


# --- Signing out ---


def nothing(installation: Installation) -> None:
    pass


def reset_reads(installation: Installation) -> None:
    installation.server.faults.add(Reset(), on="query", times=None)


def reset_writes(installation: Installation) -> None:
    installation.server.faults.add(Reset(), on="write", times=None)


def lack_everything(installation: Installation) -> None:
    installation.server.faults.lacks.add("ArRubricValueFilter.refRubric")


def reject_documents(installation: Installation) -> None:
    installation.server.faults.add(Reject(), times=None)


def stick(installation: Installation) -> None:
    installation.server.faults.stuck_cursor = True


def test_a_session_that_another_account_left_is_signed_out(installation: Installation, clock: ManualClock) -> None:
    """A restart with another account in the configuration: nobody else would give the seat back."""
    server, kept = installation.server, installation.paths.state
    server.sessions.accounts = {**server.sessions.accounts, "another": PASSWORD}
    first = open_session(installation.configuration(), clock, kept_in=kept)
    first.sign_in()
    first.close()
    installation.connection["username"] = "another"
    second = open_session(installation.configuration(), clock, kept_in=kept)
    second.sign_in()
    assert server.sessions.open_seats == 1
    assert server.sign_ins == 2
    second.sign_out()
    assert server.sessions.open_seats == 0


def test_cookies_that_an_answer_renews_are_kept_for_the_next_process(
    installation: Installation, clock: ManualClock
) -> None:
    installation.server.sessions.renews = True
    kept, configuration = installation.paths.state, installation.configuration()
    first = open_session(configuration, clock, kept_in=kept)
    gateway(first, configuration, clock).keep_alive()
    first.close()
    second = open_session(configuration, clock, kept_in=kept)
    gateway(second, configuration, clock).keep_alive()
    assert installation.server.sign_ins == 1
    second.sign_out()
    assert installation.server.sessions.open_seats == 0


@pytest.mark.parametrize("trouble", [nothing, reset_reads, reset_writes, lack_everything, reject_documents, stick])
def test_the_session_is_signed_out_whatever_happened(installation: Installation, trouble: object) -> None:
    assert callable(trouble)
    trouble(installation)
    installation.cycle()
    server = installation.server
    assert server.sign_ins == server.sessions.sign_outs == 1
    assert server.log[-1].kind == "logout"
    assert_no_seat_left(installation)


def test_a_stop_signs_out_too(installation: Installation) -> None:
    clock = ManualClock()

    def stop_at_the_first_write(request: Request) -> None:
        if request.is_mutation:
            clock.stop.set()

    installation.server.on_request(stop_at_the_first_write)
    report = installation.cycle(clock)
    assert report.exit_code == 0
    # The batch in flight is recorded, and no new one is begun.
    assert (report.counts.updated, len(installation.history())) == (10, 10)
    assert bookmark(installation) is None
    assert_no_seat_left(installation)
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))


@pytest.mark.parametrize("fault", [Reset(), Replace.by_status(500), Replace.by_status(404)])
def test_a_sign_out_that_fails_is_told_of_and_harms_nothing(
    installation: Installation, fault: Reset | Replace, caplog: pytest.LogCaptureFixture
) -> None:
    installation.server.faults.add(fault, on="logout", times=None)
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))
    assert "session.sign_out_failed" in [record.message for record in caplog.records]


# --- What goes over the wire, and what does not go anywhere else ---


@pytest.mark.full_server
def test_values_travel_as_variables_of_known_types_and_never_in_the_text(installation: Installation) -> None:
    server = installation.server
    server.store.add(make_rubric(127_000_000, pos=HAND_SET), make_rubric(127_000_001, sstu="Отозвано"))
    installation.cycle()
    documents = {request.document for request in server.log if request.kind == "query" and request.document}
    values = {HAND_SET, USER, PASSWORD, *MAPPING, *MAPPING.values()}
    escaped = {json.dumps(value).strip('"') for value in values}
    for document in documents:
        assert not [value for value in values | escaped if value in document]
        assert not re.search(r"1[0-9]{8}", document), "an ISN in the text"
        declared = re.findall(r"\$\w+\s*:\s*([\w\[\]!]+)", document)
        assert {name.rstrip("!") for name in declared} <= KNOWN_VARIABLE_TYPES | {INPUT_TYPE}


@pytest.mark.full_server
def test_documents_depend_on_their_size_only(installation: Installation) -> None:
    installation.cycle()
    texts = [request.document for request in installation.server.log if request.is_mutation]
    assert len(texts) == 3
    assert len(set(texts)) == 2, "two batches of ten, one of four"


def test_no_secret_reaches_the_log(installation: Installation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = installation.server
    server.sessions.expire_after_queries = 2
    server.faults.add(Replace.by_status(500), on="read")
    installation.cycle()
    server.sessions.reject = True
    rejected = installation.cycle()
    cookies = {value for request in server.log for value in request.cookies.values()}
    told = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records) + repr(rejected)
    assert cookies
    assert not [secret for secret in (PASSWORD, *cookies) if secret in told]
