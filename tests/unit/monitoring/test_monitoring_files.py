"""packaging/monitoring: each file is sound, and speaks only of metrics that are exported."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from baikaldoc_pos.journal import keep_completeness

from tests.unit.journal.builders import completeness, rubric
from tests.unit.monitoring.exported import NOW, report, request

MONITORING = Path(__file__).resolve().parents[3] / "packaging" / "monitoring"
RULES = MONITORING / "baikaldoc-pos.rules.yml"
ZABBIX = MONITORING / "zabbix-template.yaml"
GRAFANA = MONITORING / "grafana-dashboard.json"
_NAME = re.compile(r"\bbaikaldoc_pos_[a-z0-9_]+")
_LABELS = re.compile(r"(baikaldoc_pos_[a-z0-9_]+)\{([^}]*)\}")
_LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")


@pytest.mark.parametrize("path", [RULES, ZABBIX, GRAFANA])
def test_every_metric_and_label_is_exported(exported, path):
    exported.metrics.observe(request("sign_in"))
    exported.metrics.cycle_finished(report())
    exported.journal.remember_unmapped([rubric(1)], NOW)
    keep_completeness(exported.journal, completeness(NOW))
    text = path.read_text(encoding="utf-8")
    assert set(_NAME.findall(text)) - exported.names() == set()
    labels = {(f"baikaldoc_pos_{name}", label) for name, found in exported.samples() for label, _ in found}
    # Of JSON, the quotes are escaped.
    for name, matchers in _LABELS.findall(text.replace('\\"', '"')):
        for label in _LABEL.findall(re.sub(r'"[^"]*"', '""', matchers)):
            assert label == "server" or (name, label) in labels


def run_promtool(*arguments: str, given: str = "") -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("promtool (Debian's package prometheus) is not installed")
        pytest.skip("needs promtool of Debian's package prometheus")
    checked = subprocess.run([promtool, *arguments], input=given, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout


def test_the_rules_fire_when_they_should_and_only_then():
    run_promtool("test", "rules", str(Path(__file__).with_name("baikaldoc-pos.rules.test.yml")))


def test_every_rule_tells_a_person_what_to_do():
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert rule["annotations"].keys() == {"summary", "description"}


def walk(value: object):
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


def test_the_zabbix_template_is_consistent():
    export = yaml.safe_load(ZABBIX.read_text(encoding="utf-8"))["zabbix_export"]
    assert export["version"] == "6.0"
    (template,) = export["templates"]
    uuids = Counter(part["uuid"] for part in walk(export) if "uuid" in part)
    assert all(count == 1 for count in uuids.values())
    # Zabbix refuses an import with any other than version 4.
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", uuid) for uuid in uuids)
    keys = {item["key"] for item in template["items"]}
    assert len(keys) == len(template["items"])
    assert {part["master_item"]["key"] for part in walk(template) if "master_item" in part} < keys
    macros = {macro["macro"] for macro in template["macros"]}
    assert set(re.findall(r"\{\$[A-Z_.]+\}", ZABBIX.read_text(encoding="utf-8"))) == macros
    prototypes = {prototype["key"] for rule in template["discovery_rules"] for prototype in rule["item_prototypes"]}
    for part in walk(template):
        for key in re.findall(
            r"/baikaldoc-pos/((?:web\.page|baikaldoc_pos)[^,)\[]*(?:\[[^\]]*\])?)", part.get("expression", "")
        ):
            assert key in keys | prototypes


def test_the_zabbix_patterns_find_what_they_look_for(exported):
    """The master item's answer, its head cut off as the template does it, has every pattern in it."""
    exported.metrics.observe(request("sign_in"))
    exported.metrics.cycle_finished(report())
    (template,) = yaml.safe_load(ZABBIX.read_text(encoding="utf-8"))["zabbix_export"]["templates"]
    pattern = template["items"][0]["preprocessing"][0]["parameters"][0]
    _, body = exported.metrics.exposition()
    answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + body.decode()
    assert re.search(pattern, answer)[1] == body.decode()


def test_the_grafana_dashboard_is_consistent():
    dashboard = json.loads(GRAFANA.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["expr"] for target in panel["targets"])
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\b", GRAFANA.read_text(encoding="utf-8")))
    assert used - variables <= {"__all", "__rate"}


def test_grafanas_queries_are_promql():
    """promtool takes them as recording rules, once Grafana's variables have values."""
    dashboard = json.loads(GRAFANA.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [annotation["expr"] for annotation in dashboard["annotations"]["list"]]
    rules = [
        {"record": f"check:{n}", "expr": text.replace("$__rate_interval", "5m").replace("$server", ".*")}
        for n, text in enumerate(expressions)
    ]
    document = yaml.safe_dump({"groups": [{"name": "grafana", "rules": rules}]}, allow_unicode=True)
    run_promtool("check", "rules", "/dev/stdin", given=document)
