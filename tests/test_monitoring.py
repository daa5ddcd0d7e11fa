"""monitoring/: rules that fire when they must and not before, on metrics that the bot tells."""

import json
import re
import socket
import subprocess
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import requests
from ruamel.yaml import YAML

import keep_alive
import scrape
import watch
import workers
from bot import answer
from workers import Job, Workers, schedule

FOLDER = Path(__file__).parent.parent / "monitoring"
BOARD = json.loads((FOLDER / "grafana/dashboards/dort5bot.json").read_text("utf-8"))
NAME = re.compile(r"dort5bot_\w+")
GIVEN = {"job", "instance", "le", "alertstate"}
TOKEN = "monitoring-token"


def loaded(path):
    return YAML(typ="safe").load((FOLDER / path).read_text("utf-8"))


RULES = {rule["alert"]: rule for rule in loaded("alerts.yml")["groups"][0]["rules"]}


def targets():
    """Return every expression of the dashboard, its variables filled in."""
    found = [one["expr"] for panel in BOARD["panels"] for one in panel.get("targets", [])]
    return [expression.replace("$__rate_interval", "1m") for expression in found]


EXPRESSIONS = {*targets(), *(rule["expr"] for rule in RULES.values())}


def promtool(*command):
    done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def written(path, data):
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(data, file)
    return str(path)


@pytest.fixture
def families(ctx, monkeypatch):
    """Return the labels of every metric the bot can tell, by name."""
    seen = []
    monkeypatch.setattr(scrape, "text", lambda told: seen.extend(told) or "")
    base = ctx()
    list(answer("/id", base))
    base.workers.add(Job("good", 60, lambda: None))
    base.sources.tickers()
    scrape.exposition(base)
    found = {}
    for family in seen:
        for suffix, labels, _ in family.samples or [("", {}, 0)]:
            found.setdefault(family.name + suffix, set()).update(labels)
    for name, label in SELDOM.items():
        found[name] |= label
    return found


# What has no sample until something happens.
SELDOM = {
    "dort5bot_job_running_seconds": {"name"},
    "dort5bot_job_last_run_timestamp_seconds": {"name"},
    "dort5bot_read_failures_total": {"kind"},
    "dort5bot_host_month_used": {"host"},
    "dort5bot_host_month_limit": {"host"},
    "dort5bot_orders": {"mode", "state"},
}


def test_every_metric_that_is_watched_is_one_the_bot_tells(families):
    watched = {name for expression in EXPRESSIONS for name in NAME.findall(expression)}
    assert watched and watched <= set(families)


def test_every_label_that_is_picked_by_is_one_of_its_metric(families):
    for expression in EXPRESSIONS:
        for name, inside in re.findall(r"(dort5bot_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)[=!~]+\"", inside)) <= families[name] | GIVEN
        known = set().union(*(families[name] for name in NAME.findall(expression))) | GIVEN
        for group in re.findall(r"(?:by|without|ignoring) \(([^)]*)\)", expression):
            assert set(re.split(r",\s*", group)) <= known, expression


def test_legends_and_summaries_name_labels_that_there_are(families):
    told = [(t["expr"], t["legendFormat"]) for p in BOARD["panels"] for t in p.get("targets", [])]
    told += [(rule["expr"], str(rule["annotations"])) for rule in RULES.values()]
    for expression, words in told:
        known = set().union(*(families[name] for name in NAME.findall(expression)), GIVEN)
        named = re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", words)
        assert set(named) <= known, (expression, words)


def test_the_dashboard_is_laid_out_without_a_gap_or_an_overlap():
    panels, places = BOARD["panels"], set()
    assert (
        len({panel["id"] for panel in panels}) == len({p["title"] for p in panels}) == len(panels)
    )
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & places, panel["title"]
        places |= cells
        asked = {one["datasource"]["uid"] for one in panel.get("targets", [])}
        assert asked == (set() if panel["type"] == "row" else {"${source}"})
    assert {y for _, y in places} == set(range(max(y for _, y in places) + 1))


def test_grafana_is_given_what_lies_there():
    (source,) = loaded("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    (folder,) = loaded("grafana/provisioning/dashboards/dort5bot.yml")["providers"]
    compose = YAML(typ="safe").load((FOLDER.parent / "compose.yaml").read_text("utf-8"))["services"]
    assert source["type"] == "prometheus" and source["url"] == "http://prometheus:9090"
    mounts = {one.split(":")[1]: one.split(":")[0] for one in compose["grafana"]["volumes"]}
    assert list((FOLDER.parent / mounts[folder["options"]["path"]]).glob("*.json"))
    assert (FOLDER.parent / mounts["/etc/grafana/provisioning"] / "dashboards").is_dir()


def test_the_jobs_that_must_not_stop_are_jobs_that_there_are(ctx, settings):
    base = ctx()
    made, none = Workers(base.workers.pool), threading.Event()
    schedule(made, base.sources, base.db, settings())
    jobs = [*made.jobs, *(job for job, _ in watch.Watch(base.sources, base.db).jobs())]
    jobs += [job for job, _ in base.desk.jobs()]
    named = re.search(r'name=~"([^"]+)"', RULES["JobStopped"]["expr"])[1].split("|")
    by_chat = {"telegram", "rings"}
    source = (FOLDER.parent / "chat.py").read_text("utf-8")
    assert set(named) - by_chat <= {job.name for job in jobs} and not none.is_set()
    assert all(f'Job("{name}"' in source for name in by_chat)


@pytest.mark.service
def test_promtool_takes_the_configuration_and_the_rules(tmp_path):
    written(tmp_path / "prometheus.yml", settled(tmp_path, "127.0.0.1:1"))
    promtool("check", "config", str(tmp_path / "prometheus.yml"))
    promtool("check", "rules", "--lint-fatal", str(FOLDER / "alerts.yml"))


@pytest.mark.service
def test_promtool_takes_what_the_document_tells_to_write(tmp_path):
    text = (FOLDER.parent / "docs/hosting.md").read_text("utf-8")
    (told,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "alerts.yml").write_bytes((FOLDER / "alerts.yml").read_bytes())
    made = told.replace("/etc/prometheus/metrics_token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(made)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


@pytest.mark.service
def test_promtool_takes_every_expression_of_the_dashboard(tmp_path):
    rules = [{"record": f"panel:{i}", "expr": one} for i, one in enumerate(targets())]
    groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    promtool("check", "rules", "--lint=none", written(tmp_path / "dashboard.yml", groups))


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def settled(tmp_path, target, pace="15s"):
    """Return the real configuration with our own target, token and pace."""
    made = loaded("prometheus.yml")
    made["global"] = dict.fromkeys(made["global"], pace)
    made["rule_files"] = [str(FOLDER / name) for name in made["rule_files"]]
    (scraped,) = made["scrape_configs"]
    assert scraped["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    (tmp_path / "token").write_text(TOKEN)
    scraped["authorization"]["credentials_file"] = str(tmp_path / "token")
    scraped["static_configs"] = [{"targets": [target]}]
    return made


# An alert's series minute by minute, the minutes at which it is quiet and fires, its labels.
UP = 'up{job="dort5bot"}'
OUTBOX, QUIET = "dort5bot_outbox", 'dort5bot_queue_length{queue="quiet"}'
TOLD = 'dort5bot_told_total{outcome="delivered"}'
FAILED, SLOW = 'command="t",outcome="2"', 'dort5bot_command_seconds_bucket{command="t",le='
CASES = [
    ("BotDown", {UP: "1x9 0x9"}, (9, 11), 13, {"job": "dort5bot"}),
    ("BotRestarts", {"dort5bot_uptime_seconds": "0 60 0 60 0 60 0 60 120"}, (5,), 7, {}),
    ("BotRestarts", {"dort5bot_uptime_seconds": "0 60 120 0 60 120 0+60x90"}, (8, 60), None, {}),
    (
        "NobodyActs",
        {'dort5bot_active{instance="a"}': "1x3 _x20", 'dort5bot_active{instance="b"}': "0x20"},
        (3, 5),
        12,
        {},
    ),
    (
        "TwoAct",
        {'dort5bot_active{instance="a"}': "1x9", 'dort5bot_active{instance="b"}': "0x3 1x9"},
        (3, 4),
        6,
        {},
    ),
    ("JobLate", {'dort5bot_job_late{name="alarms"}': "0x4 1x9"}, (4, 5), 7, {"name": "alarms"}),
    (
        "JobStopped",
        {'dort5bot_job_last_run_timestamp_seconds{name="alarms"}': "0+60x10 600x9"},
        (10, 15),
        16,
        {"name": "alarms"},
    ),
    (
        "JobStopped",
        {'dort5bot_job_last_run_timestamp_seconds{name="clock"}': "0x60"},
        (59,),
        None,
        {},
    ),
    ("JobFailing", {'dort5bot_job_failing{name="daily"}': "1x20"}, (14,), 16, {"name": "daily"}),
    ("NothingTold", {OUTBOX: "0x5 3x30", QUIET: "0x40", TOLD: "0+5x5 25x40"}, (20,), 26, {}),
    ("NothingTold", {OUTBOX: "3x60", QUIET: "3x60", TOLD: "0x60"}, (30, 59), None, {}),
    ("NothingTold", {OUTBOX: "3x60", QUIET: "0x60", TOLD: "0+1x60"}, (30, 59), None, {}),
    ("OutboxGrowing", {OUTBOX: "0+20x40", QUIET: "0x40"}, (5, 12), 16, {}),
    ("OutboxGrowing", {OUTBOX: "0+20x40", QUIET: "0+20x40"}, (16, 39), None, {}),
    ("OutboxGrowing", {OUTBOX: "800-10x70", QUIET: "0x70"}, (16, 39), None, {}),
    (
        "FiringsDropped",
        {'dort5bot_told_total{outcome="dropped"}': "0x5 1x80"},
        (5, 70),
        8,
        {"outcome": "dropped"},
    ),
    ("CommandsFailing", {f"dort5bot_commands_total{{{FAILED}}}": "0x5 5x9"}, (5,), 8, {}),
    ("CommandsFailing", {f"dort5bot_commands_total{{{FAILED}}}": "0x5 1x9"}, (5, 8), None, {}),
    ("CommandsSlow", {f'{SLOW}"5"}}': "0+1x40", f'{SLOW}"+Inf"}}': "0+1x40"}, (18,), None, {}),
    (
        "CommandsSlow",
        {f'{SLOW}"10"}}': "0x40", f'{SLOW}"30"}}': "0+1x40", f'{SLOW}"+Inf"}}': "0+1x40"},
        (14,),
        18,
        {},
    ),
    ("CommandBroken", {"dort5bot_commands_broken": "1x9"}, (4,), 6, {}),
    (
        "HostBanned",
        {'dort5bot_host_state{host="binance",state="banned"}': "0x3 1x9"},
        (3,),
        4,
        {"host": "binance", "state": "banned"},
    ),
    (
        "HostRefuses",
        {'dort5bot_host_state{host="okx",state="region"}': "1x20"},
        (14,),
        16,
        {"host": "okx", "state": "region"},
    ),
    (
        "HostDown",
        {'dort5bot_host_state{host="okx",state="down"}': "1x20"},
        (14,),
        16,
        {"host": "okx", "state": "down"},
    ),
    (
        "HostWeightHigh",
        {
            'dort5bot_host_weight_used{host="binance"}': "5000x3 5900x9",
            'dort5bot_host_weight_limit{host="binance"}': "6000x20",
        },
        (3, 8),
        10,
        {"host": "binance"},
    ),
    (
        "MarketsUnread",
        {
            'dort5bot_reads_total{outcome="failed"}': "0x10 0+30x40",
            'dort5bot_reads_total{outcome="live"}': "0+70x50",
        },
        (10, 15),
        35,
        {},
    ),
    ("PoolBroken", {"dort5bot_pool_broken_total": "0x5 1x30"}, (5, 25), 7, {}),
    (
        "MemoryHigh",
        {
            'dort5bot_memory_bytes{process="main"}': "300000000x20",
            'dort5bot_memory_bytes{process="pool"}': "100000000x3 200000000x20",
        },
        (3, 12),
        15,
        {},
    ),
    (
        "QueueLong",
        {'dort5bot_queue_length{queue="heavy"}': "51x9"},
        (4,),
        6,
        {"queue": "heavy"},
    ),
    ("QueueLong", {QUIET: "500x20"}, (6, 19), None, {}),
    ("DatabaseDown", {"dort5bot_database_up": "1x3 0x9"}, (3, 5), 7, {}),
    (
        "OrderStuck",
        {'dort5bot_orders{mode="live",state="stuck"}': "_x3 1x3"},
        (2,),
        5,
        {"mode": "live", "state": "stuck"},
    ),
    ("OrderStuck", {'dort5bot_orders{mode="paper",state="stuck"}': "1x9"}, (5,), None, {}),
]


def case(alert, series, quiet, fires, labels):
    """Return a case as promtool reads it."""
    rule = RULES[alert]
    words = {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda m: labels.get(m[1], ""), text)
        for name, text in rule["annotations"].items()
    }
    told = [{"exp_labels": labels | rule["labels"], "exp_annotations": words}]
    wanted = [(minute, []) for minute in quiet] + ([(fires, told)] if fires is not None else [])
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": one} for name, one in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": alerts}
            for minute, alerts in wanted
        ],
    }


def test_every_rule_is_tried_when_it_fires_and_when_it_does_not():
    assert {alert for alert, _, quiet, fires, _ in CASES if quiet and fires} == set(RULES)
    for rule in RULES.values():
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert " / " in rule["annotations"]["summary"]


@pytest.mark.service
@pytest.mark.parametrize("one", CASES, ids=lambda one: one[0])
def test_each_rule_fires_when_it_must_and_not_before(one, tmp_path):
    suite = {
        "rule_files": [str(FOLDER / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [case(*one)],
    }
    promtool("test", "rules", written(tmp_path / "cases.yml", suite))


@pytest.fixture
def site(ctx, settings):
    """Return a bot's real page, on real time, with one job that can be made to hang."""
    hold, told = threading.Event(), settings(METRICS_TOKEN=TOKEN, HOST="127.0.0.1", PORT="0")
    made = Workers(workers.Pool(1))
    hold.set()
    made.add(Job("alarms", 0.2, lambda: hold.wait(60), deadline=1))
    base = replace(ctx(), workers=made, config=told)
    opened = keep_alive.open_site(told, base.redact, dict, partial(scrape.exposition, base))
    made.start()
    opened.hold = hold
    yield opened
    hold.set()
    opened.stop()
    made.stop()


@pytest.fixture
def prometheus(tmp_path, site):
    """Start a real Prometheus on the page; return how to ask it."""
    rules = loaded("alerts.yml")
    for rule in rules["groups"][0]["rules"]:
        rule.pop("for", None)
    config = settled(tmp_path, f"127.0.0.1:{site.port}", "1s")
    config["rule_files"] = [written(tmp_path / "alerts.yml", rules)]
    written(tmp_path / "prometheus.yml", config)
    port = free_port()
    running = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield lambda path, **asked: got(f"http://127.0.0.1:{port}/api/v1/{path}", asked)
    running.kill()
    running.wait()


def got(address, asked):
    try:
        answered = requests.get(address, asked, timeout=10).json()
    except requests.RequestException:
        return None
    assert answered["status"] == "success", (asked, answered)
    return answered["data"]


def until(ask, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        threading.Event().wait(0.3)
    raise AssertionError("it did not come to pass")


def firing(prometheus):
    alerts = (prometheus("alerts") or {"alerts": []})["alerts"]
    return {(a["labels"]["alertname"], a["labels"].get("name")) for a in alerts}


@pytest.mark.service
@pytest.mark.slow
def test_a_real_prometheus_reads_the_bot_and_fires_when_a_job_stops(prometheus, site):
    until(lambda: (prometheus("query", query="dort5bot_job_runs_total") or {}).get("result"))
    assert not {name for name, _ in firing(prometheus)} & {"JobLate", "BotDown"}
    for expression in EXPRESSIONS:
        assert prometheus("query", query=expression)["resultType"] in ("vector", "scalar")
    site.hold.clear()
    until(lambda: ("JobLate", "alarms") in firing(prometheus))
    site.hold.set()
    until(lambda: ("JobLate", "alarms") not in firing(prometheus))
    site.stop()
    until(lambda: ("BotDown", None) in firing(prometheus))
