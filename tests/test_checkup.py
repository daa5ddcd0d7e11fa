"""checkup.py: each check says what is well, wrong and to be done; none hangs or tells."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests

import backup
import checkup
import drill
from bot import UserError
from checkup import BAD, DOUBT, WELL, examined
from order_rows import Key
from rival import Rival
from vault import Pair, seal

WORD = "the master password"


@pytest.fixture
def base(ctx):
    return ctx(lang="en")


def hosts_of(*states):
    rows = [{"name": f"host{i}", "state": state} for i, state in enumerate(states)]
    return SimpleNamespace(report=lambda: {"hosts": rows})


def wired(username="d5", hook="", rival=None, error=None):
    def info():
        if error:
            raise error
        return SimpleNamespace(url=hook)

    api = SimpleNamespace(get_me=lambda: SimpleNamespace(username=username), get_webhook_info=info)
    return SimpleNamespace(api=api, rival=rival or Rival())


def lights(lines):
    return [light for light, _ in lines]


@pytest.mark.parametrize("offset, light", [(0.4, WELL), (-3.5, BAD)])
def test_the_clock_is_held_against_the_exchange(base, offset, light):
    source = SimpleNamespace(set_clock=lambda: offset)
    ((found, words),) = checkup.clock(replace(base, sources=source))
    assert found == light and (light == WELL or "NTP" in words)


def test_closed_hosts_are_named_with_why_and_what_to_do(base):
    sources = hosts_of("ok", "region", "blocked", "banned", "limited", "down")
    lines = list(checkup.hosts(replace(base, sources=sources)))
    assert lights(lines) == [WELL, BAD, BAD, BAD, DOUBT, BAD]
    assert [
        mark in words for mark, (_, words) in zip(("451", "403", "418"), lines[1:], strict=False)
    ]
    assert "host1" in lines[1][1] and "another one" in lines[1][1]


def test_telegram_answers_and_a_webhook_left_set_is_told(base):
    assert lights(checkup.telegram(replace(base, telegram=wired()))) == [WELL, WELL]
    hook = list(checkup.telegram(replace(base, telegram=wired(hook="https://x.example/secret"))))
    assert lights(hook) == [WELL, BAD] and "secret" not in str(hook)
    lost = wired(error=requests.ConnectionError("bot1234567:AAA"))
    ((light, words),) = checkup.telegram(replace(base, telegram=lost))
    assert light == BAD and "AAA" not in words
    assert lights(checkup.telegram(base)) == [DOUBT]


def test_a_second_poller_is_told_once_it_is_sure(base):
    met = Rival()
    there = replace(base, telegram=wired(rival=met))
    assert lights(checkup.rival(there)) == [WELL]
    for _ in range(3):
        met.met(base.now / 1000)
    assert lights(checkup.rival(there)) == [BAD]


def with_key(base, settings, database, rights):
    pair = Pair("K" * 20, "S" * 20)
    database.orders.save_keys([Key(7, "KK…", seal(pair, 7, WORD), 5)])
    accounts = SimpleNamespace(spot=lambda given: SimpleNamespace(rights=lambda: rights))
    desk = SimpleNamespace(accounts=accounts)
    return replace(base, config=settings(MASTER_KEY=WORD), desk=desk)


@pytest.mark.parametrize(
    "rights, light", [((True, True), BAD), ((False, True), WELL), ((False, False), DOUBT)]
)
def test_a_key_that_may_withdraw_is_bad(base, settings, database, rights, light):
    there = with_key(base, settings, database, rights)
    ((found, words),) = checkup.key(there)
    assert found == light and "S" * 20 not in words and "K" * 20 not in words
    other = replace(there, config=settings(MASTER_KEY="another password"))
    assert lights(checkup.key(other)) == [BAD]


def test_without_a_key_or_password_it_says_so(base):
    assert lights(checkup.key(base)) == [WELL] and lights(checkup.master(base)) == [DOUBT]


def test_a_folder_that_cannot_be_written_or_is_full_is_told(base, settings, tmp_path, monkeypatch):
    assert lights(checkup.folder(base))[:2] == [WELL, WELL]
    gone = replace(base, config=settings(DATA_DIR=str(tmp_path / "nowhere")))
    assert lights(checkup.folder(gone)) == [BAD]
    for free, light in ((5_000_000, BAD), (300_000_000, DOUBT)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert lights(checkup.folder(base))[1] == light


def test_a_disk_that_will_not_last_is_told_unless_the_rows_are_elsewhere(
    base, settings, tmp_path, monkeypatch
):
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(checkup, "MOUNTS", mounts)
    monkeypatch.setattr(checkup, "REPLIT", tmp_path / "no")
    mounts.write_text(f"overlay / overlay rw 0 0\ndisk {tmp_path} ext4 rw 0 0\nshort line\n")
    assert checkup.lasting(base, tmp_path)[0] == WELL
    assert checkup.lasting(base, tmp_path.parent)[0] == DOUBT
    render = settings(RENDER_EXTERNAL_URL="https://x.onrender.com")
    assert checkup.lasting(replace(base, config=render), tmp_path)[0] == DOUBT
    elsewhere = settings(
        RENDER_EXTERNAL_URL="https://x.onrender.com", DATABASE_URL="postgresql://u:pw123456@h/d"
    )
    light, words = checkup.lasting(replace(base, config=elsewhere), tmp_path)
    assert light == WELL and "pw123456" not in words
    monkeypatch.setattr(checkup, "REPLIT", tmp_path)
    assert checkup.lasting(base, tmp_path)[0] == DOUBT


def test_a_row_goes_into_the_database_and_back(base, monkeypatch):
    assert lights(checkup.database(base)) == [WELL]
    monkeypatch.setattr(type(base.db), "note", lambda *_: "another")
    assert lights(checkup.database(base)) == [BAD]


def test_the_lease_is_told(base):
    def of(held, wanted):
        lease = SimpleNamespace(wanted=wanted, label="<here>")
        halt = SimpleNamespace(lease=lease, is_set=lambda: not held)
        ((light, words),) = checkup.lease(replace(base, workers=SimpleNamespace(halt=halt)))
        assert "<here>" not in words
        return light

    assert [of(True, False), of(True, True), of(False, False)] == [WELL, DOUBT, BAD]
    assert lights(checkup.lease(base)) == [WELL]


def test_late_and_failed_jobs_are_named(base):
    row = {"name": "a", "ok": True, "last_error": None}

    def of(**changes):
        workers = SimpleNamespace(report=lambda: [row | changes])
        return lights(checkup.jobs(replace(base, workers=workers)))

    assert [of(), of(ok=False), of(last_error="x")] == [[WELL], [BAD], [DOUBT]]


def test_what_waits_too_long_to_be_sent_is_told(base, monkeypatch):
    assert lights(checkup.outbox(base)) == [WELL]
    monkeypatch.setattr(checkup, "stuck", lambda *_: True)
    rows = SimpleNamespace(alarms=SimpleNamespace(outbox=lambda: [None, None]))
    ((light, words),) = checkup.outbox(replace(base, db=rows))
    assert light == BAD and words.startswith("2 ")


def test_how_long_the_message_waited_is_told(base):
    for seconds, light in ((1, WELL), (40, DOUBT)):
        asked = replace(base, asked=base.now - 1000 * seconds)
        ((found, words),) = checkup.waited(asked)
        assert found == light and f"{seconds} s" in words
    assert not list(checkup.waited(base))


def test_the_last_backups_age_is_told(base, database, settings):
    assert lights(checkup.kept(base)) == [], "what is missing is MASTER_KEY, told beside it"
    keyed = replace(base, config=settings(MASTER_KEY=WORD))
    assert lights(checkup.kept(keyed)) == [DOUBT]
    database.keep_note(backup.LAST, str(base.now - checkup.DAY))
    assert lights(checkup.kept(base)) == [WELL]
    database.keep_note(backup.LAST, str(base.now - 3 * checkup.DAY))
    assert lights(checkup.kept(base)) == [DOUBT]


def test_a_drill_that_ends_wrong_is_bad(base, monkeypatch):
    assert lights(checkup.drilled(drill.SCRIPTS[0], base)) == [WELL]
    monkeypatch.setattr(drill, "played", lambda *_: "done ×2")
    ((light, words),) = checkup.drilled(drill.SCRIPTS[0], base)
    assert light == BAD and "×2" in words and "live trading" in words


def test_a_check_that_hangs_or_fails_is_a_finding_and_the_others_go_on(base, caplog):
    release = threading.Event()
    base.redact.add("hidden-value")

    def hang(ctx):
        release.wait(60)
        yield WELL, "never"

    def fail(ctx):
        raise RuntimeError("hidden-value")
        yield

    def refuse(ctx):
        raise UserError("gizli hidden-value <b>", "said hidden-value <b>")
        yield

    def well(ctx):
        yield WELL, "fine"

    checks = {one.__name__: one for one in (hang, fail, refuse, well)}
    lines = list(examined(base, checks, patience=0.3))
    release.set()
    assert lights(lines) == [BAD, BAD, BAD, WELL]
    text = "\n".join(words for _, words in lines)
    assert "hang: no answer within 0.3 s" in text and "fail: RuntimeError" in text
    assert "hidden-value" not in text and "&lt;b&gt;" in text
    assert "Traceback" in caplog.text, "the log has what it is said to have"
