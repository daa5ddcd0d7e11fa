"""scrape.py: what Prometheus is told, read by its own parser, with nothing of people in it."""

import re
import subprocess
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

import logs
import scrape
from alarm_rows import Firing
from bot import answer
from order_rows import meant
from orders import BUY, MARKET, PAPER, Draft
from workers import Job

PERSON = 987_654_321


@pytest.fixture
def told(ctx):
    """Return a way to read the metrics of a context: {(name, label values…): value}."""

    def read(base=None):
        families = list(parse(scrape.exposition(base or ctx())))
        assert len({family.name for family in families}) == len(families)
        return {(s.name, *s.labels.values()): s.value for f in families for s in f.samples}

    return read


def test_commands_are_told_by_name_and_outcome_whatever_was_typed(ctx, told):
    base = ctx()
    for line in ("/id", "/ID", "btc", "/t nosuchcoin", "/yardim"):
        list(answer(line, base))
    found = told(base)
    assert found["dort5bot_commands_total", "id", "0"] == 2
    assert found["dort5bot_commands_total", "t", "1"] == 1
    assert found["dort5bot_command_seconds_count", "t"] == 2
    assert found["dort5bot_commands_broken",] == 0


def test_what_never_happened_is_told_as_0_so_that_its_first_time_is_a_rise(ctx, told):
    base = ctx()
    list(answer("/id", base))
    found = told(base)
    assert [found["dort5bot_commands_total", "id", end] for end in "012"] == [1, 0, 0]
    names = {command.name for command in base.commands.values()}
    assert all(found["dort5bot_commands_total", name, "2"] == 0 for name in names)
    assert found["dort5bot_told_total", "delivered"] == found["dort5bot_told_total", "dropped"] == 0
    base.meters.add("told", 3, outcome="dropped")
    assert told(base)["dort5bot_told_total", "dropped"] == 3


def test_reads_hosts_and_pool_are_told(ctx, told):
    base = ctx()
    base.sources.tickers(), base.sources.tickers()
    base.sources.hosts["okx"].close("region", base.sources.door._clock() + 60)
    found = told(base)
    assert found["dort5bot_reads_total", "live"] >= 1
    assert found["dort5bot_reads_total", "memory"] >= 1
    assert found["dort5bot_host_state", "okx", "region"] == 1
    assert found["dort5bot_host_state", "okx", "ok"] == 0
    assert found["dort5bot_host_weight_used", "binance"] > 0
    assert found["dort5bot_host_weight_limit", "binance"] == 6000
    assert found["dort5bot_pool_size",] == 1 and found["dort5bot_queue_length", "pool"] == 0
    assert found["dort5bot_memory_bytes", "main"] > 2**20


def test_every_state_of_a_host_has_a_sample(ctx, told):
    base = ctx()
    for i, state in enumerate(scrape.STATES[1:], 1):
        base.sources.hosts["okx"].close(state, base.sources.door._clock() + 1e6 * i)
        found = told(base)
        assert sum(found["dort5bot_host_state", "okx", one] for one in scrape.STATES) == 1
        assert found["dort5bot_host_state", "okx", state] == 1


def test_jobs_are_told_as_health_tells_them(ctx, told, clock):
    base = ctx()
    base.workers.jobs.clear()
    good, bad = Job("good", 60, lambda: None), Job("bad", 60, lambda: 1 / 0, deadline=10)
    base.workers.add(good), base.workers.add(bad)
    found = told(base)
    assert ("dort5bot_job_last_run_timestamp_seconds", "good") not in found
    good.once(clock), bad.once(clock)
    clock.now += 71
    good.once(clock)
    found = told(base)
    assert found["dort5bot_job_failing", "bad"] == found["dort5bot_job_errors_total", "bad"] == 1
    assert found["dort5bot_job_late", "bad"] == 1 and found["dort5bot_job_late", "good"] == 0
    assert found["dort5bot_job_last_run_timestamp_seconds", "good"] == pytest.approx(clock.now)
    assert found["dort5bot_job_runs_total", "good"] == 2


def test_outbox_and_orders_are_told_and_nothing_of_whose_they_are(ctx, told):
    base = ctx()
    place = (1, PERSON, PERSON, "BTCUSDT", 1, None, "> 1")
    base.db.alarms.save([], [Firing(*place), Firing(*place)])
    base.db.orders.add(meant(PERSON, PERSON, PAPER, Draft("BTCUSDT", BUY, MARKET, spend=7654321)))
    found = told(base)
    assert found["dort5bot_outbox",] == 2 and found["dort5bot_database_up",] == 1
    assert found["dort5bot_orders", PAPER, "ready"] == 1
    words = scrape.exposition(base)
    assert str(PERSON) not in words and not re.search(r"BTCUSDT|Ayşe|7654321", words)


def test_a_database_that_is_gone_is_told_and_hides_nothing_else(ctx, told, monkeypatch):
    base = ctx()
    with base.db._write() as connection:
        connection.exec_driver_sql("drop table intents")
    found = told(base)
    assert found["dort5bot_database_up",] == 0 and ("dort5bot_outbox",) not in found
    assert found["dort5bot_uptime_seconds",] > 0


def test_a_secret_that_strays_into_a_label_is_hidden(ctx):
    base = replace(ctx(), redact=logs.Redactor(["open-sesame"]))
    base.workers.add(Job("open-sesame", 60, None))
    assert "open-sesame" not in scrape.exposition(base) and "***" in scrape.exposition(base)


@pytest.mark.service
def test_prometheus_itself_finds_nothing_wrong_with_it(ctx):
    base = ctx()
    list(answer("/id", base))
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=scrape.exposition(base),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
