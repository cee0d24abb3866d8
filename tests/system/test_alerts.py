"""The alert rules, read and run by Prometheus' own tool: each fires for what it is about, and none on a good day."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.chart import CHART

RULES = CHART / "alerts.yaml"
EVERY = [rule["alert"] for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]
LABELS = 'namespace="t"'
GOOD = {
    f'textmill_leading{{{LABELS},pod="a"}}': "1x200",
    f'textmill_leading{{{LABELS},pod="b"}}': "0x200",
    f'textmill_live_objects{{{LABELS},kind="request"}}': "5x200",
    f'textmill_live_objects{{{LABELS},kind="suspended"}}': "2x200",
    f'textmill_actions_total{{{LABELS},action="Write",outcome="done"}}': "0+9x200",
    f'textmill_requests_finished_total{{{LABELS},phase="Succeeded",reason="Counted"}}': "0+3x200",
    f'textmill_requests_finished_total{{{LABELS},phase="Failed",reason="NotText"}}': "0+3x200",
    f'textmill_round_duration_seconds_bucket{{{LABELS},le="0.1"}}': "0+60x200",
    f'textmill_round_duration_seconds_bucket{{{LABELS},le="10"}}': "0+60x200",
    f'textmill_round_duration_seconds_bucket{{{LABELS},le="+Inf"}}': "0+60x200",
    f"textmill_audit_corrections_total{{{LABELS}}}": "0+0.1x200",
    f'textmill_problems_total{{{LABELS},reason="VolumeFull"}}': "0x200",
    f'textmill_bad_objects{{{LABELS},kind="pod"}}': "0x200",
    f"textmill_volume_takes_uploads{{{LABELS}}}": "1x200",
    f'textmill_http_answers_total{{{LABELS},status="202"}}': "0+99x200",
    f'textmill_http_answers_total{{{LABELS},status="503"}}': "0+1x200",
    f'textmill_notifications_total{{{LABELS},outcome="delivered"}}': "0+5x200",
    f'textmill_notifications_total{{{LABELS},outcome="failed"}}': "0+1x200",
}
"""A good day, a sample a minute."""
BAD: dict[str, dict[str, str]] = {
    "TextmillNobodyLeads": {f'textmill_leading{{{LABELS},pod="a"}}': "0x200"},
    "TextmillOperatorAbsent": {f'textmill_leading{{{LABELS},pod="{pod}"}}': "" for pod in "ab"},
    "TextmillNothingMoves": {f'textmill_actions_total{{{LABELS},action="Write",outcome="done"}}': "7x200"},
    "TextmillRequestsFail": {
        f'textmill_requests_finished_total{{{LABELS},phase="Failed",reason="OOMKilled"}}': "0+1x200"
    },
    "TextmillRoundsAreSlow": {f'textmill_round_duration_seconds_bucket{{{LABELS},le="0.1"}}': "0x200"},
    "TextmillWatchMisses": {f"textmill_audit_corrections_total{{{LABELS}}}": "0+1x200"},
    "TextmillObjectsUnreadable": {f'textmill_bad_objects{{{LABELS},kind="pod"}}': "1x200"},
    "TextmillVolumeFillsUp": {f'textmill_problems_total{{{LABELS},reason="VolumeFull"}}': "0+1x200"},
    "TextmillUploadsRefused": {f"textmill_volume_takes_uploads{{{LABELS}}}": "0x200"},
    "TextmillCallsFail": {f'textmill_http_answers_total{{{LABELS},status="503"}}': "0+9x200"},
    "TextmillNotificationsFail": {f'textmill_notifications_total{{{LABELS},outcome="failed"}}': "0+9x200"},
}


def promtool(*arguments: str) -> str:
    """Run Prometheus' tool; its output, which a failure shows."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def firing(tmp_path: Path, series: dict[str, str], alert: str, expected: list[dict[str, Any]]) -> str:
    """Run the rules over these series and compare what of an alert fires after two hours and a half."""
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items() if values],
        "alert_rule_test": [{"eval_time": "150m", "alertname": alert, "exp_alerts": expected}],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}), "utf-8")
    return promtool("test", "rules", str(file))


def test_rules_are_what_prometheus_reads() -> None:
    assert f"{len(EVERY)} rules found" in promtool("check", "rules", "--lint-fatal", str(RULES))


def test_every_alert_has_its_bad_day() -> None:
    assert sorted(BAD) == sorted(EVERY)


@pytest.mark.parametrize("alert", EVERY)
def test_alert_is_silent_on_a_good_day_and_fires_on_its_bad_one(tmp_path: Path, alert: str) -> None:
    assert "SUCCESS" in firing(tmp_path, GOOD, alert, [])
    with pytest.raises(AssertionError, match=rf"alertname: {alert}, time: 2h30m,\s+exp:\[\],\s+got:\[\s+0:"):
        firing(tmp_path, GOOD | BAD[alert], alert, [])


def test_requests_that_are_suspended_are_not_expected_to_move(tmp_path: Path) -> None:
    suspended = {f'textmill_live_objects{{{LABELS},kind="suspended"}}': "5x200"}
    still = GOOD | BAD["TextmillNothingMoves"] | suspended
    assert "SUCCESS" in firing(tmp_path, still, "TextmillNothingMoves", [])
