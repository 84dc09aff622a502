"""The service's life under a real systemd: start, reload, stop, restart."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

import pytest

from tests.delo_server import MAPPING, PASSWORD, DeloServer, Hang, make_rubric
from tests.mail_server import free_port
from tests.systemd.box import SystemdBox
from tests.systemd.product import PREFIX
from tests.systemd.service import UNIT, Service, new_rubric, recent_rubrics, wrong_or_missing

pytestmark = pytest.mark.systemd


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(120)) as running:
        yield running


def test_starts_while_delo_is_down_and_works_once_it_is_up(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server, schedule={"intervalMinutes": 0.02})
    server.go_down()
    service.start()
    assert box.show(UNIT, "ActiveState") == "active"
    service.wait(lambda: "недоступно" in service.status, "STATUS= to tell that ДЕЛО is away")
    assert "Успешных циклов ещё не было" in service.status
    server.come_up()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    service.wait(lambda: "Последний успешный цикл" in service.status, "STATUS= to tell of a success")
    assert "недоступно" not in service.status
    assert service.restarts == 0


def test_invalid_configuration_ends_with_78_and_no_restart(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.processing["batchSize"] = "fifty"
    service.connection["login_url"] = "delo"
    service.save()
    assert service.systemctl("start", check=False).returncode != 0
    box.wait_for(UNIT, ActiveState="failed")
    assert box.show(UNIT, "ExecMainStatus") == "78"
    assert service.restarts == 0
    told = box.messages(UNIT, "-p", "err")
    assert "batchSize" in told
    assert "login_url" in told


def test_reload_takes_the_configuration_whole_or_not_at_all(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.processing["batchSize"] = 10
    service.save()
    server.faults.delay_seconds = 0.2
    service.start()
    service.wait(lambda: len(server.store.writes) >= 20, "a cycle in full swing")

    service.processing["pagination"] = {"pageSize": 0}
    service.save()
    assert service.systemctl("reload", check=False).returncode != 0
    assert "отвергнуты" in service.status
    assert "pageSize" in box.messages(UNIT, "-p", "err")
    assert box.show(UNIT, "ActiveState") == "active"

    del service.processing["pagination"]
    status = "Находится на рассмотрении"
    service.processing["statusMapping"] = {**MAPPING, status: "Рассматривается"}
    service.save()
    service.systemctl("reload")
    assert "отвергнуты" not in service.status
    assert "statusMapping" in box.messages(UNIT)
    # The cycle that was running ends on the mapping that it began with …
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle's end")
    assert not wrong_or_missing(server)
    # … and the next one has the new one.
    fresh = new_rubric(200_000_001)
    server.store.add(fresh)
    service.send("USR1")
    service.wait(lambda: server.store[fresh.isn].pos == "Рассматривается", "the new mapping to be used")
    assert service.restarts == 0


@pytest.mark.slow
def test_reload_reschedules_and_changes_the_account(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    service.service["schedule"] = {"intervalMinutes": 0.01}
    service.save()
    service.systemctl("reload")
    service.wait(lambda: service.finished_cycles() >= 3, "cycles at the new interval")

    with DeloServer([new_rubric(isn) for isn in range(1, 6)]) as other:
        service.connection |= {
            "login_url": other.login_url,
            "logout_url": other.logout_url,
            "graphql_endpoint": other.graphql_url,
        }
        service.save()
        service.systemctl("reload")
        service.wait(lambda: not wrong_or_missing(other), "the other ДЕЛО to be worked on")
        assert server.sessions.open_seats == 0
        service.connection["read_timeout"] = 7
        service.save()
        service.systemctl("reload")
        finished = service.finished_cycles()
        service.send("USR1")
        service.wait(lambda: service.finished_cycles() > finished, "a cycle with the other time-out")
        assert other.sign_ins == 1
        service.systemctl("stop")
        assert other.sessions.open_seats == 0


@pytest.mark.slow
def test_whatever_delo_says_a_reload_ends_and_no_secret_is_shown(box: SystemdBox, server: DeloServer) -> None:
    port = free_port()
    service = Service(box, server, http={"listen": f"127.0.0.1:{port}"})
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    # systemd ignores a status of more than 4096 bytes, with all that is in the same message.
    server.faults.reject_documents = f"строка: user=x {PASSWORD} " + "ы" * 2200
    service.send("USR1")
    service.wait(lambda: service.finished_cycles() == 2, "a cycle that is refused")
    service.wait(lambda: "строка: user=x *** ыыы" in service.status, "STATUS= to say why")
    service.systemctl("reload")
    assert box.show(UNIT, "ActiveState") == "active"
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read().decode()
    assert "строка" in page  # of ДЕЛО's words the page shows the harmless ones only
    assert PASSWORD not in page
    assert PASSWORD not in service.status


def test_sigterm_in_mid_batch_loses_nothing(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.processing["batchSize"] = 10
    service.save()
    server.faults.delay_seconds = 0.5
    service.start()
    service.wait(lambda: len(server.store.writes) >= 20, "a cycle in full swing")
    service.systemctl("stop")
    assert box.show(UNIT, "Result") == "success"
    assert box.show(UNIT, "ExecMainStatus") == "0"
    written = {write.isn for write in server.store.writes}
    assert len(written) < 120, "the cycle was over before it was stopped"
    recorded = service.query("SELECT rubric_isn FROM changes JOIN outcomes ON change_id = id WHERE outcome = 'updated'")
    assert {row[0] for row in recorded} == written
    # Where the stop came between an intent and its request, the next start settles it as not done.
    settled = "SELECT count(*) FROM changes WHERE id NOT IN (SELECT change_id FROM open_changes)"
    assert service.query(settled) == [(len(written),)]
    assert server.sessions.open_seats == 0


@pytest.mark.slow
def test_slow_server_extends_the_stop_instead_of_being_killed(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.drop_in("TimeoutStopSec=2", "stop")
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    server.store.add(*recent_rubrics(3, first_isn=300_000_001))
    server.faults.delay_seconds = 4
    before = server.requests
    service.send("USR1")
    service.wait(lambda: server.requests > before, "a request in flight")
    service.systemctl("stop")
    assert box.show(UNIT, "Result") == "success"
    assert server.sessions.open_seats == 0


@pytest.mark.slow
def test_stop_does_not_wait_for_what_is_only_read(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.connection["read_timeout"] = 60
    service.save()
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    hanging = server.faults.add(Hang(), on="read")
    service.send("USR1")
    service.wait(lambda: hanging.hits, "a reading that hangs")
    box.run("systemctl", "stop", "--no-block", UNIT)
    box.wait_for(UNIT, ActiveState="inactive", timeout=5)
    assert box.show(UNIT, "Result") == "success"
    assert server.sessions.open_seats == 0


@pytest.mark.slow
def test_second_sigterm_leaves_at_once(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.connection["read_timeout"] = 60
    service.save()
    hanging = server.faults.add(Hang(), on="write")
    service.start()
    service.wait(lambda: hanging.hits, "a request that hangs")
    box.run("systemctl", "stop", "--no-block", UNIT)
    service.wait(lambda: "Остановка" in service.status, "the stop to begin")
    service.send("TERM")
    box.wait_for(UNIT, ActiveState="inactive", timeout=5)
    assert box.show(UNIT, "Result") == "success"
    # What was in flight is settled by the next start.
    server.faults.clear()
    service.start()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    service.wait(lambda: service.finished_cycles() >= 1, "the cycle's end")
    assert service.query("SELECT count(*) FROM changes LEFT JOIN outcomes ON change_id = id WHERE outcome IS NULL") == [
        (0,)
    ]


@pytest.mark.slow
def test_second_sigterm_leaves_at_once_while_signing_out(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.connection["read_timeout"] = 60
    service.save()
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    hanging = server.faults.add(Hang(), on="logout")
    box.run("systemctl", "stop", "--no-block", UNIT)
    service.wait(lambda: hanging.hits, "a sign-out that hangs")
    service.send("TERM")
    box.wait_for(UNIT, ActiveState="inactive", timeout=5)
    assert box.show(UNIT, "Result") == "success"


@pytest.mark.slow
def test_rejected_credentials_are_not_tried_again_by_a_restart_nor_by_reloads(
    box: SystemdBox, server: DeloServer
) -> None:
    service = Service(box, server)
    service.connection["password"] = "wrong"
    service.save()
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    before = service.pid
    service.send("KILL")
    service.wait(lambda: service.pid not in {0, before}, "another process")
    service.wait(lambda: service.finished_cycles() == 2, "a cycle of the next process")
    service.systemctl("restart")
    service.wait(lambda: service.finished_cycles() == 3, "a cycle after the restart")
    assert server.failed_sign_ins == 1
    assert "wrong" not in box.read("/var/lib/baikaldoc-pos/sign-ins.json")
    for _ in range(12):
        service.systemctl("reload")
    service.send("USR1")
    service.wait(lambda: service.finished_cycles() > 3, "a cycle after the reloads")
    assert server.failed_sign_ins == 1
    assert "пароль" in box.messages(UNIT, "-p", "warning").lower()
    # Another password is another matter.
    service.connection["password"] = PASSWORD
    service.save()
    service.systemctl("reload")
    service.send("USR1")
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")


@pytest.mark.slow
def test_password_of_systemd_is_not_sent_again_by_a_reload_and_a_restart_takes_the_corrected_one(
    box: SystemdBox, server: DeloServer
) -> None:
    """systemd reads the file at a start only: each reload would spend one more of the tries that lock an account."""
    service = Service(box, server)
    del service.connection["password"]
    service.save()
    credential = "/etc/baikaldoc-pos/credentials/delo-password"
    box.write(credential, "falsch\n", 0o600)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    box.write(credential, PASSWORD + "\n", 0o600)
    # Another setting of the connection is no other password.
    for read_timeout in (5, 6, 6):
        service.connection["read_timeout"] = read_timeout
        service.save()
        seen = service.finished_cycles()
        service.systemctl("reload")
        service.send("USR1")
        service.wait(lambda seen=seen: service.finished_cycles() > seen, "a cycle after the reload")
    assert server.failed_sign_ins == 1
    assert "systemctl restart" in service.status
    assert "LoadCredential" in box.messages(UNIT, "-p", "warning")
    service.systemctl("restart")
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    assert server.failed_sign_ins == 1


def run_once(box: SystemdBox) -> None:
    """Beside the service, by systemd-run."""
    directories = "--config /etc/baikaldoc-pos --state /var/lib/baikaldoc-pos --logs /var/log/baikaldoc-pos"
    box.run(
        *["systemd-run", "--quiet", "--collect", "--unit=once", "-p", "User=baikaldoc-pos"],
        *["-p", "LoadCredential=delo-password:/etc/baikaldoc-pos/credentials/delo-password"],
        *f"{PREFIX}/bin/baikaldoc-pos {directories} once".split(),
    )


@pytest.mark.slow
def test_service_waits_for_a_once_that_is_at_work(box: SystemdBox, server: DeloServer) -> None:
    """And ``once`` runs by systemd-run, with the password that only systemd can read."""
    service = Service(box, server)
    del service.connection["password"]
    service.save()
    box.write("/etc/baikaldoc-pos/credentials/delo-password", PASSWORD + "\n", 0o600)
    hanging = server.faults.add(Hang(), on="write")
    owned = ["install", "-d", "-o", "baikaldoc-pos", "-g", "baikaldoc-pos"]
    box.run(*owned, "/var/lib/baikaldoc-pos", "/var/log/baikaldoc-pos")
    run_once(box)
    service.wait(lambda: hanging.hits, "the once to be at work")
    box.run("systemctl", "start", "--no-block", UNIT)
    service.wait(lambda: "ждёт" in service.status, "the service to wait")
    server.faults.release()
    service.wait(lambda: box.show(UNIT, "ActiveState") == "active", "the service to begin")
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    assert service.restarts == 0


@pytest.mark.slow
def test_stop_while_the_start_waits_leaves_no_seat_behind(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.drop_in("RestartSec=6", "slow")
    del service.connection["password"]
    service.connection["read_timeout"] = 60
    service.save()
    box.write("/etc/baikaldoc-pos/credentials/delo-password", PASSWORD + "\n", 0o600)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    service.send("KILL")
    box.wait_for(UNIT, ActiveState="activating")
    hanging = server.faults.add(Hang(), on="read")
    run_once(box)
    service.wait(lambda: hanging.hits, "the once to be at work")
    assert server.sessions.open_seats == 2
    service.wait(lambda: "ждёт" in service.status, "the service to wait")
    service.systemctl("stop")
    assert box.show(UNIT, "Result") == "success"
    assert server.sessions.open_seats == 1
    assert "Служба остановлена" in box.messages(UNIT)
    server.faults.release()


@pytest.mark.parametrize("how", ["kill -9", "restart"])
def test_restart_takes_the_session_over(box: SystemdBox, server: DeloServer, how: str) -> None:
    service = Service(box, server)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    before = service.pid
    if how == "restart":
        service.systemctl("restart")
    else:
        service.send("KILL")
    service.wait(lambda: service.pid not in {0, before}, "another process")
    service.wait(lambda: service.finished_cycles() == 2, "a cycle of the next process")
    assert server.sign_ins == 1
    assert server.sessions.open_seats == 1
    service.systemctl("stop")
    assert server.sessions.open_seats == 0


@pytest.mark.slow
@pytest.mark.parametrize("change", ["unsound", "another account"])
def test_restart_with_another_configuration_leaves_no_seat_behind(
    box: SystemdBox, server: DeloServer, change: str
) -> None:
    server.sessions.accounts = {**server.sessions.accounts, "another": PASSWORD}
    service = Service(box, server)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    if change == "unsound":
        service.processing["batchSize"] = "fifty"
    else:
        service.connection["username"] = "another"
    service.save()
    service.systemctl("restart", check=False)
    if change == "unsound":
        box.wait_for(UNIT, ActiveState="failed")
        assert server.sessions.open_seats == 0
        return
    service.wait(lambda: service.finished_cycles() == 2, "a cycle of the other account")
    assert server.sessions.open_seats == 1
    service.systemctl("stop")
    assert server.sessions.open_seats == 0


def test_template_runs_two_instances_side_by_side(box: SystemdBox, server: DeloServer) -> None:
    with DeloServer(recent_rubrics(30)) as other:
        services = [
            Service(box, server, "baikaldoc-pos@irkutsk.service"),
            Service(box, other, "baikaldoc-pos@omsk.service"),
        ]
        for service in services:
            service.start()
        for service in services:
            service.wait(lambda service=service: not wrong_or_missing(service.server), "every status to be set")
            service.wait(lambda service=service: service.finished_cycles() == 1, "the cycle's end")
        assert services[0].query("SELECT count(*) FROM changes") == [(120,)]
        assert services[1].query("SELECT count(*) FROM changes") == [(30,)]
        assert services[0].pid != services[1].pid


@pytest.mark.slow
def test_errors_are_found_by_their_priority_and_without_a_second_time_stamp(
    box: SystemdBox, server: DeloServer
) -> None:
    service = Service(box, server)
    service.connection["password"] = "не тот"
    service.save()
    service.start()
    service.wait(lambda: "отклонило вход" in box.messages(UNIT, "-p", "err"), "the rejection among the errors")
    for message in box.messages(UNIT).splitlines():
        assert "не тот" not in message
        assert not message.startswith("20")


@pytest.mark.slow
def test_no_status_for_other_kinds_or_hand_set_values(box: SystemdBox, server: DeloServer) -> None:
    """The service works by the same rules as ``once``: a glance, the rest is in tests/system."""
    recent = recent_rubrics(1, first_isn=400_000_001)[0]
    hand_set = make_rubric(400_000_002, pos="Передано в вышестоящую организацию", ins_date=recent.ins_date)
    server.store.add(hand_set)
    service = Service(box, server)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    assert server.store[hand_set.isn].pos == "Передано в вышестоящую организацию"
