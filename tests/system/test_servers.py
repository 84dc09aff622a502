"""The service works on every kind of server, in few requests, and does not find out twice what the server can do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve
from baikaldoc_pos.delo.transport import MAX_BODY
from baikaldoc_pos.errors import AccessDenied, NameUnknown
from graphql import build_schema, parse, validate

from tests.clocks import ManualClock
from tests.delo_server import (
    HAND_SET,
    HTML_ERROR,
    MAPPING,
    PLAIN_ANSWER,
    AliasError,
    DeloServer,
    Faults,
    Lack,
    Replace,
    Sign,
    make_rubric,
    pending_rubrics,
)
from tests.installation import KNOWN, ROOT, Installation
from tests.system.accounts import bookmark, retries

COUNT = 250


def no_isn_filter(faults: Faults) -> None:
    faults.lacks |= {Lack.ISN_FILTER}


def no_sorting(faults: Faults) -> None:
    faults.lacks |= {Lack.ORDER}


def plain_answer(faults: Faults) -> None:
    faults.lacks |= PLAIN_ANSWER


def no_input_type(faults: Faults) -> None:
    faults.input_type = False


def no_null_or_empty(faults: Faults) -> None:
    faults.null_or_empty_true = False


def filter_ignored(faults: Faults) -> None:
    faults.ignore_pos_filter = True


def no_pos_filter(faults: Faults) -> None:
    faults.lacks |= {Lack.POS_STATUS_FILTER}


def filter_hides(faults: Faults) -> None:
    faults.hide_pending = "all"


def isn_filter_ignored(faults: Faults) -> None:
    faults.ignore_isn_filter = True


def ten_aliases(faults: Faults) -> None:
    faults.alias_limit = 10


def three_aliases(faults: Faults) -> None:
    faults.alias_limit = 3


def no_introspection(faults: Faults) -> None:
    faults.introspection = False


def no_single_type(faults: Faults) -> None:
    faults.one_type = False


def as_run(faults: Faults) -> None:
    faults.as_run()


KINDS: list[Callable[[Faults], None]] = [
    no_isn_filter, no_sorting, plain_answer, no_input_type, no_null_or_empty, filter_ignored, no_pos_filter,
    filter_hides, isn_filter_ignored, ten_aliases, three_aliases,
]  # fmt: skip
COMBINATIONS = [
    *(pytest.param((kind,), marks=pytest.mark.slow) for kind in KINDS),
    *((kind, no_introspection) for kind in KINDS),
    (as_run,),
    (no_single_type,),
    (no_isn_filter, no_sorting, filter_ignored, three_aliases, no_introspection),
    (no_null_or_empty, no_sorting, plain_answer, ten_aliases),
    (no_input_type, plain_answer, filter_hides, isn_filter_ignored),
]


@pytest.mark.parametrize("kinds", COMBINATIONS, ids=lambda kinds: "+".join(kind.__name__ for kind in kinds))
def test_every_rubric_gets_its_status_and_the_server_is_known_afterwards(tmp_path, server, kinds):
    installation = Installation(tmp_path, server, profile=None)
    server.store.add(*pending_rubrics(COUNT), make_rubric(1, pos=HAND_SET))
    for kind in kinds:
        kind(server.faults)

    report = installation.cycle()

    assert report.error is None
    assert_all_written(server)
    assert server.requests <= (130 if three_aliases in kinds else 60)

    server.store.add(*pending_rubrics(5, first_isn=150_000_000, since=ManualClock().now() - timedelta(minutes=5)))
    server.traffic.reset()
    assert installation.cycle().error is None
    assert_all_written(server)
    probes = {"Introspection", "ServerProbe"}
    assert not probes & server.traffic.operations.keys()


@pytest.mark.parametrize("sign", Sign)
def test_sessions_that_end_meanwhile_cost_few_requests(tmp_path, server, sign):
    """Every twelve queries, also while the server is being found out."""
    server.sessions.sign, server.sessions.expire_after_queries = sign, 12
    server.store.add(*pending_rubrics(COUNT), make_rubric(1, pos=HAND_SET))
    installation = Installation(tmp_path, server, profile=None)
    assert installation.cycle().error is None
    assert_all_written(server)
    assert server.requests <= 60


def assert_all_written(server: DeloServer) -> None:
    """All but the one that was set by hand."""
    assert_all_written_but(server, [1])


def assert_all_written_but(server: DeloServer, wanted: list[int]) -> None:
    left = [rubric.isn for rubric in server.store.rubrics() if rubric.pos != MAPPING[rubric.sstu]]
    assert left == wanted
    assert all(len(values) == 1 for values in server.store.written().values())


NAMES = {"eosSstuStatus": "sstuState", "posStatusRub": "portalState", "POS_STATUS_RUB": "PORTAL"}
CONFIGURED = {"sstuField": "sstuState", "posField": "portalState", "posApiName": "PORTAL"}


@pytest.mark.parametrize("preset", [lambda faults: None, no_introspection, as_run], ids=["full", "closed", "as run"])
def test_other_names_and_an_enumeration_of_kinds_are_a_matter_of_configuration(tmp_path, server, preset):
    preset(server.faults)
    server.faults.names = dict(NAMES)
    server.faults.kind_names = True
    server.store.add(*pending_rubrics(COUNT), make_rubric(1, pos=HAND_SET))
    installation = Installation(tmp_path, server, profile=None)
    installation.processing |= {"attributes": CONFIGURED, "documentKinds": ["CITIZEN_LETTER"]}
    assert installation.cycle().error is None
    assert_all_written(server)
    assert server.requests <= 60


@pytest.mark.full_server
@pytest.mark.parametrize("introspection", [True, False])
@pytest.mark.parametrize(
    ("switch", "key", "candidate"),
    [
        ({"names": {"eosSstuStatus": "sstuState"}}, "attributes.sstuField", "sstuState"),
        ({"names": {"posStatusRub": "portalState"}}, "attributes.posField", "portalState"),
        ({"kind_names": True}, "documentKinds", "CITIZEN_LETTER"),
    ],
)
def test_a_name_that_is_not_configured_is_told_with_its_key(tmp_path, server, switch, key, candidate, introspection):
    for name, value in switch.items():
        setattr(server.faults, name, value)
    server.faults.introspection = introspection
    server.store.add(*pending_rubrics(3))
    report = Installation(tmp_path, server, profile=None).cycle()
    assert isinstance(report.error, NameUnknown)
    assert (report.exit_code, report.error.fields["key"]) == (76, key)
    assert (candidate in str(report.error.fields["candidates"])) == introspection
    assert server.requests <= 20
    assert server.store.writes == ()


@pytest.mark.parametrize("profile", [KNOWN, None], ids=["known", "unknown"])
@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("attributes.posApiName", {"attributes": {"posApiName": "OURS"}}),
        ("documentKinds", {"documentKinds": [3]}),
    ],
)
def test_a_condition_that_no_rubric_fits_is_not_taken_for_nothing_to_do(tmp_path, server, key, settings, profile):
    server.store.add(*pending_rubrics(3))
    installation = Installation(tmp_path, server, profile=profile)
    if profile is not None:
        assert installation.cycle().error is None
    installation.processing |= settings
    server.traffic.reset()
    report = installation.cycle()
    assert isinstance(report.error, NameUnknown)
    assert report.error.fields["key"] == key
    assert server.requests <= 20


@pytest.mark.full_server
def test_what_a_server_learns_is_found_within_a_day(tmp_path, server, caplog):
    server.faults.as_run()
    server.store.add(*pending_rubrics(3))
    installation, clock = Installation(tmp_path, server, profile=None), ManualClock()
    assert installation.cycle(clock).error is None
    server.faults.clear()
    clock.advance(hours=23)
    assert installation.cycle(clock).error is None
    assert "delo.profile_changed" not in caplog.messages
    clock.advance(hours=1)
    assert installation.cycle(clock).error is None
    assert "delo.profile_changed" in caplog.messages
    with installation.journal() as journal:
        profile = journal.known_server()[1]
    assert profile.introspection
    assert profile.isn_filter


@pytest.mark.full_server
def test_a_name_that_is_changed_on_a_known_server_is_told_with_its_key(installation, server):
    server.store.add(*pending_rubrics(3))
    assert installation.cycle().error is None
    installation.processing["attributes"] = {"posField": "posStatus"}
    report = installation.cycle()
    assert isinstance(report.error, NameUnknown)
    assert report.error.fields["key"] == "attributes.posField"
    assert server.requests <= 20
    del installation.processing["attributes"]
    assert installation.cycle().error is None


@pytest.mark.parametrize("operation", ["Introspection", "ServerProbe"])
@pytest.mark.parametrize("fault", [Replace.by_status(403), Replace.by_status(404), Replace.by_status(500), HTML_ERROR])
def test_a_question_that_is_refused_by_something_in_between_stops_nothing(tmp_path, server, fault, operation):
    server.faults.add(fault, operation=operation, times=None)
    server.store.add(*pending_rubrics(12))
    assert Installation(tmp_path, server, profile=None).cycle().error is None
    assert_all_written_but(server, [])
    assert server.sign_ins <= 6


def test_form_and_size_refused_together_cost_no_record(tmp_path, server):
    server.faults.input_type, server.faults.alias_limit = False, 10
    server.store.add(*pending_rubrics(COUNT))
    report = Installation(tmp_path, server, profile=evolve(KNOWN, typed_input=True, batch_size=50)).cycle()
    assert (report.error, report.counts.failed) == (None, 0)
    assert_all_written_but(server, [])
    assert server.requests <= 80


def test_a_server_that_takes_the_filter_no_longer_is_found_out_anew(installation, server):
    server.store.add(*pending_rubrics(3))
    server.faults.null_or_empty_true = False
    assert installation.cycle().error is None
    assert_all_written_but(server, [])


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(KNOWN, marks=pytest.mark.full_server),
        pytest.param(evolve(KNOWN, written=False), marks=pytest.mark.full_server),
        None,
    ],
    ids=["written to", "known", "unknown"],
)
@pytest.mark.parametrize("way", ["status", "words", "500", "code", "aliases"])
def test_an_account_without_the_right_to_write_is_told_of_at_once(tmp_path, server, way, known):
    server.faults.write_denied = way
    server.store.add(*pending_rubrics(COUNT))
    installation = Installation(tmp_path, server, profile=known)
    report = installation.cycle()
    assert isinstance(report.error, AccessDenied)
    assert report.exit_code == 77
    assert server.requests <= 20
    assert (report.counts.failed, retries(installation)) == (0, {})
    assert bookmark(installation) is None


@pytest.mark.parametrize("status", [403, 413, 503])
def test_a_request_that_is_too_large_for_something_in_between_goes_out_smaller(tmp_path, server, status):
    server.faults.body_limit, server.faults.body_limit_status = 5000, status
    server.store.add(*pending_rubrics(COUNT))
    installation = Installation(tmp_path, server, profile=evolve(KNOWN, written=False))
    assert installation.cycle().error is None
    assert_all_written_but(server, [])
    assert server.sign_ins <= 3
    assert server.requests <= 200


def test_the_words_of_one_record_say_nothing_of_the_account(tmp_path, server):
    rubrics = pending_rubrics(12)
    server.store.add(*rubrics)
    server.faults.writes[rubrics[3].isn] = AliasError("Объект 403 занят")
    server.faults.null_data_at_errors = True
    installation = Installation(tmp_path, server, profile=evolve(KNOWN, written=False))
    report = installation.cycle()
    assert (report.error, report.counts.failed) == (None, 1)
    assert_all_written_but(server, [rubrics[3].isn])


@pytest.mark.full_server
def test_rights_that_are_taken_away_later_cost_no_record_anything(tmp_path, server):
    server.store.add(*pending_rubrics(COUNT))
    installation = Installation(tmp_path, server)
    server.faults.write_denied = "status"
    report = installation.cycle()
    assert isinstance(report.error, AccessDenied)
    assert (report.counts.failed, retries(installation)) == (0, {})
    assert server.requests <= 40
    server.faults.write_denied = None
    assert installation.cycle().error is None
    assert set(server.store.pos_statuses().values()) <= set(MAPPING.values())


@pytest.mark.full_server
def test_a_batch_grows_while_it_is_taken_and_keeps_the_size_that_was(tmp_path, server):
    server.faults.alias_limit = 25
    server.store.add(*pending_rubrics(COUNT))
    clock = ManualClock()
    installation = Installation(tmp_path, server, profile=evolve(KNOWN, batch_size=10))
    assert installation.cycle(clock).error is None
    with installation.journal() as journal:
        profile = journal.known_server()[1]
    assert (profile.batch_size, profile.batch_refused_at) == (20, clock.now())


@pytest.mark.full_server
def test_schema_check_and_pull_show_the_servers_own_schema(installation, server, tmp_path):
    server.store.add(make_rubric())
    installation.know_server()
    done = installation.command("schema", "check")
    assert done.returncode == 0, done.stderr
    assert "подходят" in done.stdout
    with installation.journal() as journal:
        assert journal.known_server() == ("", None)

    assert installation.command("schema", "pull", str(tmp_path / "no" / "file")).returncode == 73
    file = tmp_path / "server.graphql"
    assert installation.command("schema", "pull", str(file)).returncode == 0
    schema = build_schema(file.read_text(encoding="utf-8"))
    assert schema.query_type.fields.keys() == {"arRubricValuesPg"}
    for source in (ROOT / "schema" / "operations").glob("*.graphql"):
        assert validate(schema, parse(source.read_text(encoding="utf-8"))) == []


@pytest.mark.full_server
def test_schema_pull_writes_the_usual_names(installation, server, tmp_path):
    server.faults.names = dict(NAMES)
    installation.processing["attributes"] = CONFIGURED
    installation.save()
    file = tmp_path / "server.graphql"
    assert installation.command("schema", "pull", str(file)).returncode == 0
    schema = build_schema(file.read_text(encoding="utf-8"))
    for source in (ROOT / "schema" / "operations").glob("*.graphql"):
        assert validate(schema, parse(source.read_text(encoding="utf-8"))) == []


@pytest.mark.full_server
def test_check_shows_what_the_service_works_with_where_the_server_has_changed(installation, server):
    server.store.add(make_rubric())
    installation.know_server()
    assert "раз в сутки" not in installation.command("check").stdout
    server.faults.introspection = False
    assert "раз в сутки" in installation.command("check").stdout


@pytest.mark.full_server
@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({"uiReadonly": 0, "maxLen": 255}, None),
        ({"uiReadonly": 1}, "UI_READONLY"),
        ({"defVal": "Назначен исполнитель"}, "«Назначен исполнитель»"),
        ({"maxLen": 59}, "вмещает 59 символов"),
    ],
)
def test_schema_check_reads_the_description_of_the_attribute(installation, server, described, told):
    server.store.add(make_rubric())
    server.faults.attribute = described
    done = installation.command("schema", "check")
    assert "AR_DESCRIPT) прочитано" in done.stdout
    assert done.returncode == (76 if told else 0)
    assert (told or "") in done.stderr
    assert len(done.stderr.splitlines()) == (1 if told else 0)


@pytest.mark.full_server
@pytest.mark.parametrize("paged", [False, True])
def test_schema_check_reads_the_list_of_permitted_values(installation, server, paged):
    rows = [{"isn": number, "listValue": status} for number, status in enumerate(dict.fromkeys(MAPPING.values()))]

    def check(*listed):
        page = {"edges": [{"node": row} for row in listed], "pageInfo": {"hasNextPage": not listed}}
        server.faults.attribute = {"arValueListsPg": page} if paged else {"arValueLists": listed or None}
        server.faults.lacks = {"ArDescript.arValueLists"} if paged else set()
        return installation.command("schema", "check")

    done = check(*rows)
    assert "AR_VALUE_LIST) тоже" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    done = check(*rows[1:])
    assert done.returncode == 76
    (line,) = done.stderr.splitlines()
    assert rows[0]["listValue"] in line
    # What is not all here is not judged, and a list that cannot be asked for does not hide the rest.
    assert "допустимых значений прочитать нельзя" in check().stdout
    server.faults.add(Replace.by_status(400), operation="AttributeDescription")
    assert "допустимых значений прочитать нельзя" in check(*rows[1:]).stdout


def test_schema_check_names_what_does_not_fit(installation, server):
    server.store.add(make_rubric())
    server.faults.lacks = {"DocRc.freeNum"}
    done = installation.command("schema", "check")
    assert done.returncode == 76
    assert "freeNum" in done.stderr + done.stdout


@pytest.mark.full_server
def test_schema_check_tells_what_the_service_does_without(installation, server):
    server.store.add(make_rubric())
    server.faults.lacks = {"StringCondition.in"}
    done = installation.command("schema", "check")
    assert (done.returncode, "обходится" in done.stdout, "все запросы" in done.stdout.lower()) == (0, True, False)


def test_a_closed_schema_is_said_to_be_closed(installation, server):
    server.store.add(make_rubric())
    server.faults.as_run()
    done = installation.command("schema", "check")
    assert done.returncode == 0
    assert "не описывает свою схему" in done.stdout
    assert installation.command("schema", "pull", "/dev/null").returncode == 76


def test_a_question_whose_answer_is_too_large_counts_as_refused(tmp_path, server):
    """The server describes its schema in more bytes than an answer may have."""
    body = b'{"data": {"__type": {"description": "' + b"x" * MAX_BODY + b'"}}}'
    server.faults.add(Replace(200, body, "application/json"), operation="Introspection", times=None)
    server.store.add(*pending_rubrics(5), make_rubric(1, pos=HAND_SET))
    assert Installation(tmp_path, server, profile=None).cycle().error is None
    assert_all_written(server)
