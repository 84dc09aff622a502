"""What is counted and what is looked up, as Prometheus reads it."""

from datetime import timedelta

import pytest
from baikaldoc_pos.journal import keep_completeness
from baikaldoc_pos.model import Outcome
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.journal.builders import completeness, retry, rubric
from tests.unit.monitoring.exported import NOW, Exported, report, request
from tests.unit.monitoring.test_monitoring_files import run_promtool


def test_what_is_counted(exported):
    for outcome, seconds in (("200", 0.2), ("200", 3.0), ("fault", 0.2)):
        exported.metrics.observe(request(outcome=outcome, seconds=seconds))
    for outcome in ("200", "401", "401"):
        exported.metrics.observe(request("sign_in", outcome))
    exported.metrics.cycle_finished(report(2.0))
    exported.metrics.cycle_finished(report(400.0, failed=True))
    read = {"kind": "ReadRubrics", "outcome": "200"}
    expected = [
        ("requests_total", read, 2),
        ("requests_total", read | {"outcome": "fault"}, 1),
        ("request_duration_seconds_sum", read, 3.2),
        ("request_duration_seconds_bucket", read | {"le": "0.25"}, 1),
        ("received_bytes_total", {"kind": "ReadRubrics"}, 3000),
        ("sign_ins_total", {"outcome": "200"}, 1),
        ("sign_ins_total", {"outcome": "401"}, 2),
        ("records_total", {"outcome": "updated", "target": "Завершено"}, 10),
        ("records_total", {"outcome": "refused", "target": "Завершено"}, 4),
        ("cycle_duration_seconds_count", {"result": "success"}, 1),
        ("cycle_duration_seconds_count", {"result": "failure"}, 1),
        ("last_cycle_duration_seconds", {}, 400),
        ("alert_active", {"alert": "unmapped"}, 1),
        ("alert_active", {"alert": "delo_unavailable"}, 0),
    ]
    samples = exported.samples()
    for name, labels, value in expected:
        assert samples[name, tuple(sorted(labels.items()))] == pytest.approx(value), (name, labels)


def test_the_sessions_age(exported):
    assert exported.value("session_active") == 0
    assert exported.value("session_age_seconds") is None
    exported.metrics.observe(request())  # one that was taken over counts from its first answer
    exported.clock.advance(seconds=7)
    assert exported.value("session_age_seconds") == 7
    exported.metrics.observe(request("sign_out", "fault"))
    assert exported.value("session_active") == 0
    exported.metrics.observe(request("sign_in", "401"))
    assert exported.value("session_active") == 0
    exported.metrics.observe(request("sign_in"))
    exported.clock.advance(minutes=5)
    exported.metrics.observe(request())
    assert exported.value("session_age_seconds") == 300


def test_the_last_success_and_a_pause(exported):
    assert exported.value("paused") == 0
    exported.paused = True
    assert exported.value("paused") == 1
    exported.clock.advance(minutes=3)
    assert exported.value("last_success_timestamp_seconds") == NOW.timestamp()
    assert exported.value("last_success_age_seconds") == 180
    exported.last_success = NOW + timedelta(hours=1)  # the clock was set back
    assert exported.value("last_success_age_seconds") == 0
    exported.last_success = None
    assert exported.value("last_success_timestamp_seconds") == 0
    assert exported.value("last_success_age_seconds") is None


def test_series_are_there_before_they_count(exported):
    """Of a counter that is born at 1000 Prometheus sees no increase."""
    for outcome in Outcome:
        assert exported.value("records_total", outcome=outcome, target="Завершено") == 0
    assert exported.value("requests_total", kind="UpdateRubrics", outcome="fault") == 0
    assert exported.value("sign_ins_total", outcome="401") == 0
    assert exported.value("cycle_duration_seconds_count", result="failure") == 0
    exported.metrics.cycle_finished(report())
    exported.targets.add("Перенаправлено")
    assert exported.value("records_total", outcome="refused", target="Завершено") == 2
    assert exported.value("records_total", outcome="refused", target="Перенаправлено") == 0


def test_what_the_journal_says(exported):
    exported.journal.schedule_retries([retry(1, NOW), retry(2, NOW)])
    exported.journal.remember_unmapped([rubric(3, status="Иное"), rubric(4, status="Иное")], NOW)
    assert exported.value("open_retries") == 2
    assert exported.value("open_changes") == 0
    assert exported.value("unmapped_rubrics", status="Иное") == 2
    assert exported.value("journal_readable") == 1
    keep_completeness(exported.journal, completeness(NOW))
    assert [exported.value("rubrics", state=state) for state in ("with_pos", "no_sstu", "unmapped")] == [6, 2, 1]
    assert exported.value("late_rubrics") == 3


def test_statuses_without_end_do_not_make_series_without_end(exported):
    exported.journal.remember_unmapped([rubric(n, status=f"Статус {n}") for n in range(300)], NOW)
    series = {labels: value for (name, labels), value in exported.samples().items() if name == "unmapped_rubrics"}
    assert len(series) == 51
    assert sum(series.values()) == 300


def test_a_journal_that_is_gone_costs_only_what_it_tells(exported, tmp_path):
    (tmp_path / "journal.sqlite3").rename(tmp_path / "elsewhere")
    assert exported.value("journal_readable") == 0
    assert exported.value("open_retries") is None
    assert exported.value("last_success_timestamp_seconds") == NOW.timestamp()


def test_hostile_texts_do_not_break_the_form(exported):
    evil = 'a"b\\c\nd'
    exported.journal.remember_unmapped([rubric(3, status=evil)], NOW)
    assert exported.value("unmapped_rubrics", status=evil) == 1


def test_names_follow_the_conventions(exported):
    exported.metrics.observe(request("sign_in"))
    exported.metrics.cycle_finished(report())
    run_promtool("check", "metrics", given=exported.metrics.exposition()[1].decode())


def test_a_file_tells_the_instances_of_one_machine_apart(exported: Exported) -> None:
    _, text = exported.metrics.exposition(unit="baikaldoc-pos@omsk.service")
    samples = [sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples]
    assert {sample.labels["unit"] for sample in samples} == {"baikaldoc-pos@omsk.service"}
