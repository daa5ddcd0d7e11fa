"""incidents.py: each trouble is told once, over restarts too; the line of every day."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

import incidents
import notices
import rings
from alarm_rows import Firing
from incidents import CALM, LATEST, PATIENCE, Incidents
from workers import Job

EVENING = datetime(2026, 3, 3, 21, 0, tzinfo=ZoneInfo("Europe/Istanbul")).timestamp()
MINUTE = 60


@pytest.fixture
def scene(ctx, database, settings, clock):
    """Return a bot in miniature: its hosts and jobs are what a test says; `look` tells the time."""
    clock.now = EVENING

    class Scene:
        hosts, offset, rival = {}, 0.0, False

        def __init__(self):
            self.config = settings(ADMIN_IDS="7 8", TELEGRAM_TOKEN="1234567:" + "a" * 35)
            report = lambda: {"hosts": [{"name": k, "state": v} for k, v in self.hosts.items()]}  # noqa: E731
            self.sources = SimpleNamespace(report=report, called=str.title, offset=0.0)
            self.ctx = ctx().__class__(
                **{**vars(ctx()), "config": self.config, "sources": self.sources}
            )
            self.restart()

        def restart(self):
            self.incidents = Incidents(self.ctx, lambda now: self.rival, clock)

        def look(self, seconds=0, **hosts):
            """Let time pass in steps of a look; return what was told then."""
            before = len(self.said(7))
            self.hosts = hosts
            for _ in range(max(1, int(seconds // incidents.EVERY))):
                clock.now += incidents.EVERY if seconds else 0
                self.incidents.look()
            assert self.said(7) == self.said(8)
            return self.said(7)[before:]

        def said(self, admin):
            rows = database.alarms.fired(admin)
            return [(f.text, f.symbol) for f in rows if f.severity == notices.SYSTEM]

    return Scene()


def test_nothing_is_wrong_nothing_is_told(scene):
    assert scene.look(10 * MINUTE, binance="ok", okx="limited") == []


def test_a_host_that_is_down_is_told_when_it_lasts_and_once(scene):
    assert scene.look(MINUTE, binance="down") == []
    assert scene.look(2 * MINUTE, binance="down") == [("host", "binance|down")]
    assert scene.look(60 * MINUTE, binance="down") == []
    assert scene.look(MINUTE, binance="ok") == []
    ((event, about),) = scene.look(5 * MINUTE, binance="ok")
    assert event == "host over" and about.startswith("binance|")
    assert 55 * MINUTE < int(about.split("|")[1]) / 1000 < 70 * MINUTE
    assert scene.look(60 * MINUTE, binance="ok") == []


def test_a_short_one_is_not_told_at_all(scene):
    assert scene.look(MINUTE, binance="down") == []
    assert scene.look(MINUTE, binance="ok") == []
    assert scene.look(MINUTE, binance="down") == []


def test_a_closed_door_is_told_at_once_and_one_that_flaps_is_one_incident(scene):
    assert scene.look(0, binance="banned") == [("host", "binance|banned")]
    for _ in range(10):
        assert scene.look(MINUTE, binance="ok") == []
        assert scene.look(MINUTE, binance="banned") == []


def test_a_restart_tells_nothing_twice_and_still_tells_the_end(scene):
    assert len(scene.look(0, binance="region")) == 1
    scene.restart()
    assert scene.look(10 * MINUTE, binance="region") == []
    scene.restart()
    assert [event for event, _ in scene.look(10 * MINUTE)] == ["host over"]
    scene.restart()
    assert scene.look(10 * MINUTE) == []


def test_a_message_that_cannot_be_written_is_told_later(scene, monkeypatch, database):
    def fail(*_, **__):
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(database.alarms, "save", fail)
        with pytest.raises(OSError):
            scene.look(0, binance="banned")
    assert scene.look(0, binance="banned") == [("host", "binance|banned")]


def test_a_job_that_hangs_is_told(scene, clock):
    job = Job("tickers", 2, None, deadline=10)
    scene.ctx.workers.jobs.append(job)
    job.next_run = clock.now
    assert scene.look() == []
    clock.now += 60
    assert scene.look() == [("job", "tickers|")]
    job.next_run = clock.now + 3600
    assert [event for event, _ in scene.look(10 * MINUTE)] == ["job over"]


@pytest.mark.parametrize(
    ("firing", "wrong"),
    [
        ({"tries": 1}, True),
        ({"severity": "urgent"}, True),
        ({}, False),
        ({"severity": "order"}, True),
    ],
)
def test_what_waits_too_long_to_be_told(scene, database, clock, firing, wrong):
    row = Firing(3, 7, 7, "BTCUSDT", 1, 1.0, "> 1", **{"severity": "normal", **firing})
    database.alarms.save([], [row._replace(made=int(clock() * 1000))])
    assert scene.look() == []
    assert scene.look(11 * MINUTE) == ([("outbox", "|1")] if wrong else [])


def test_a_clock_that_is_off_and_another_poller(scene):
    scene.sources.offset, scene.rival = -7.25, True
    assert scene.look() == [("rival", "|")]
    assert scene.look(2 * MINUTE) == [("clock", "|-7.2")]
    scene.sources.offset, scene.rival = 0.1, False
    assert sorted(event for event, _ in scene.look(10 * MINUTE)) == ["clock over", "rival over"]


def test_every_day_at_nine_once_even_over_restarts(scene, clock):
    told = []
    for _ in range(30 * 6):
        told += [(event, clock.now) for event, _ in scene.look(600)]
        scene.restart()
    ((event, at),) = told
    local = datetime.fromtimestamp(at, ZoneInfo("Europe/Istanbul"))
    assert event == notices.DAILY and (local.hour, local.minute) in ((9, 0), (9, 10))


def test_nine_is_in_the_zone_of_each(scene, clock, database):
    database.save_person(8, zone="America/New_York")
    counts = {7: [], 8: []}
    for _ in range(24 * 6):
        scene.hosts = {}
        clock.now += 600
        scene.incidents.look()
        for admin, seen in counts.items():
            rows = [f for f in database.alarms.fired(admin) if f.text == notices.DAILY]
            seen[:] = [f.at for f in rows]
    (here,), (there,) = counts[7], counts[8]
    assert 6.9 < (there - here) / 3_600_000 < 8.1


def test_hours_late_it_is_not_told_any_more(scene, clock):
    clock.now = EVENING + 12 * 3600 + LATEST / 1000 + 60
    assert scene.look() == []
    clock.now -= 120
    assert [event for event, _ in scene.look()] == [notices.DAILY]


def test_the_daily_line_names_what_is_wrong(scene, clock, ctx):
    scene.look(0, binance="banned")
    clock.now = EVENING + 12 * 3600
    ((event, about),) = scene.look(0, binance="banned")
    assert (event, about) == (notices.DAILY, "host binance")


@pytest.mark.parametrize("lang", ["tr", "en"])
@pytest.mark.parametrize("kind", PATIENCE)
def test_every_kind_has_its_words(ctx, lang, kind):
    state = "down" if kind == notices.HOST else "3"
    of = "binance" if kind == notices.HOST else "a<b"
    for event, about in ((kind, notices.packed(of, state)), (f"{kind} over", f"{of}|65000")):
        (row,) = notices.rows({7}, event, about, ctx().now)
        text = rings.reply(ctx(lang=lang), [row]).text
        assert "{" not in text and "<b" not in text.replace("&lt;b", "")
    assert CALM > 0


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_the_line_of_a_day_in_words(ctx, database, lang):
    now = ctx().now
    fired = Firing(3, 7, 7, "BTCUSDT", now - 1000, 1.0, "> 1")
    database.alarms.save([], [fired, fired._replace(at=now - 2 * notices.DAY)])
    for about, word in (("", "☀️"), ("host binance|job x<y", "⚠️")):
        (row,) = notices.rows({7}, notices.DAILY, about, now)
        reply = rings.reply(ctx(lang=lang), [row])
        assert reply.silent and reply.text.startswith(word) and "\n" not in reply.text
        assert ("1 alarm," in reply.text) == (lang == "tr")
        assert ("1 alarms," in reply.text) == (lang == "en")
    assert "x&lt;y" in reply.text and "binance" in reply.text
