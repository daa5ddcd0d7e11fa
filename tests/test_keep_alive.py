"""keep_alive.py: the status page, the probes, the limits, the server and the self-wake."""

import base64
import dataclasses
import hashlib
import http.client
import json
import math
import os
import re
import socket
import threading
import types
from functools import partial
from pathlib import Path

import flask
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import bot
import keep_alive
import scrape
import workers
from config import Secret

NOW = 1_750_000_000
TOKEN = "123456789" + ":" + "A" * 35
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>"


def job(name="warm", **changes):
    base = {"name": name, "last_run_ms": NOW * 1000 - 20_000, "last_error": None, "ok": True}
    base |= {"next_run_ms": NOW * 1000 + 40_000, "deadline_ms": NOW * 1000 + 100_000}
    return base | {"running_ms": None, "runs": 1204, "errors": 0} | changes


def host(name="api.binance.com", **changes):
    base = {"name": name, "state": "ok", "used_weight": 1204, "limit": 6000, "until_ms": None}
    return base | changes


def page(**changes):
    base = {"jobs": [job()], "hosts": [host()], "degraded": [], "version": "9f2c1ab"}
    base |= {"uptime_s": 90_000, "started_ms": NOW * 1000 - 90_000_000}
    return base | {"store": {"hits": 90, "misses": 10, "stale": 1234, "rate": 0.9}} | changes


def client(data=None, ok=True, **options):
    data, health = data or page(), ok if isinstance(ok, dict) else {"ok": ok}
    options = {"proxies": 1, "clock": lambda: NOW} | options
    return keep_alive.create_app(lambda: health, lambda: data, **options).test_client()


def html(data=None, ok=True, query="", **options):
    return client(data, ok, **options).get(f"/{query}").get_data(as_text=True)


def ask(app, forwarded=None, peer="10.0.0.1", path="/"):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return app.get(path, headers=headers, environ_base={"REMOTE_ADDR": peer}).status_code


@pytest.fixture
def serve():
    sites = []

    def start(health=lambda: {"ok": True}, **options):
        site = keep_alive.Site(keep_alive.create_app(health, page, **options), "127.0.0.1", 0)
        site.start()
        sites.append(site)
        return site

    yield start
    for site in sites:
        site.stop(timeout=1)


def raw(site, data):
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(data)
        return connection.recv(65536).decode()


def test_ping():
    answer = client().get("/ping")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "pong", "text/plain")


def test_health_is_503_when_a_job_missed_its_deadline():
    good, late = client().get("/health"), client(ok={"ok": False, "late": ["warm"]}).get("/health")
    assert (good.status_code, good.json) == (200, {"ok": True})
    assert (late.status_code, late.json) == (503, {"ok": False, "late": ["warm"]})


def test_health_is_json_whatever_it_holds():
    health = {"ok": True, "age": math.nan, "jobs": [job(runs=math.inf)], 5: ("a", None)}
    text = client(ok=health).get("/health").text
    data = json.loads(text, parse_constant=pytest.fail)
    assert (data["age"], data["jobs"][0]["runs"], data["5"]) == (None, None, ["a", None])


def test_health_does_no_io(monkeypatch):
    app = client()
    monkeypatch.setattr("builtins.open", None)
    monkeypatch.setattr("io.open", None)
    monkeypatch.setattr("os.stat", None)
    monkeypatch.setattr("socket.socket", None)
    assert app.get("/health").status_code == 200


def test_a_health_check_that_breaks_is_not_healthy():
    def broken():
        raise RuntimeError(TOKEN)

    app = keep_alive.create_app(broken, page).test_client()
    for path in ("/health", "/"):
        answer = app.get(path)
        assert (answer.status_code, answer.text) == (500, "500 Internal Server Error\n")


def answers():
    app = client(limit="1 per minute")
    yield from (app.get(path) for path in ("/", "/", "/health", "/ping", "/nothing", "/ping/"))
    yield from (app.open("/", method=method) for method in ("POST", "HEAD", "OPTIONS"))


def test_every_answer_is_guarded():
    seen = set()
    for answer in answers():
        seen.add(answer.status_code)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        if answer.status_code >= 400:
            assert answer.mimetype == "text/plain"
            assert len(answer.data) < 60
    assert seen == {200, 429, 404, 405}


def test_the_policy_allows_the_page_its_own_style_only():
    answer = client().get("/")
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    assert " style=" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"])
@pytest.mark.parametrize("path", ["/", "/health", "/ping"])
def test_only_get_and_head(method, path):
    answer = client().open(path, method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}
    assert client().head(path).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_a_forged_forwarded_for_does_not_dodge_the_limit(proxies):
    app = client(proxies=proxies, limit="3 per minute")
    honest = ["203.0.113.7", "10.0.0.9"][:proxies]
    forged = [f"198.51.100.{i}" for i in range(8)] + ['"', '1.1.1.1, "', "x\\", ",,,", "", "::1"]
    codes = [ask(app, ", ".join([forgery, *honest])) for forgery in forged]
    assert codes == [200] * 3 + [429] * (len(forged) - 3)


@pytest.mark.parametrize("proxies", [1, 2])
def test_clients_behind_the_proxies_are_counted_apart(proxies):
    app = client(proxies=proxies, limit="1 per minute")
    tail = ["10.0.0.9"][: proxies - 1]
    codes = [ask(app, ", ".join([f"203.0.113.{i}", *tail])) for i in (1, 2, 1, 2, 3)]
    assert codes == [200, 200, 429, 429, 200]


def test_without_a_proxy_the_header_says_nothing():
    app = client(proxies=0, limit="1 per minute")
    assert [ask(app, "203.0.113.1"), ask(app, "203.0.113.2")] == [200, 429]
    assert ask(app, "203.0.113.1", peer="10.0.0.2") == 200


def test_a_request_that_came_past_a_proxy_is_counted_by_its_own_address():
    app = client(proxies=2, limit="1 per minute")
    assert [ask(app, "203.0.113.1"), ask(app, "203.0.113.2"), ask(app)] == [200, 429, 429]
    assert ask(app, peer="10.0.0.2") == 200


def test_ipv6_clients_are_counted_per_64():
    app = client(limit="1 per minute")
    assert ask(app, "2001:db8:1:2::1") == 200
    assert ask(app, "2001:db8:1:2:ffff::9") == 429
    assert ask(app, "2001:db8:1:3::1") == 200
    assert ask(app, "::ffff:203.0.113.1") == 200
    assert ask(app, "203.0.113.1") == 429
    assert ask(app, "::ffff:203.0.113.2") == 200


APP = keep_alive.create_app(dict, dict)


@given(st.text(st.characters(exclude_characters="\r\n"), max_size=60))
def test_what_is_counted_is_short_whatever_is_forwarded(forged):
    headers, peer = {"X-Forwarded-For": forged}, {"REMOTE_ADDR": "10.0.0.1"}
    with APP.test_request_context("/", headers=headers, environ_base=peer):
        assert len(keep_alive.client(1)) < 60


def test_the_limit_says_when_to_come_back():
    app = client(limit="1 per minute")
    first, second = app.get("/"), app.get("/")
    assert "Retry-After" not in first.headers
    assert second.status_code == 429
    assert 0 <= int(second.headers["Retry-After"]) <= 61
    assert second.text == "429 Too Many Requests\n"


@pytest.mark.slow
def test_a_probe_is_not_refused_because_of_others():
    app = client(limit="1 per minute")
    attacker, probes = "203.0.113.7", ("/health", "/ping")
    for path in probes:
        assert [ask(app, attacker, path=path) for _ in range(601)] == [200] * 600 + [429]
    assert [ask(app, "203.0.113.8", path=path) for path in probes] == [200, 200]
    assert [ask(app, peer="203.0.113.7", path=path) for path in probes] == [200, 200]
    assert [ask(app, "203.0.113.9", path="/") for _ in range(2)] == [200, 429]
    assert [ask(app, "203.0.113.9", path=path) for path in probes] == [200, 200]


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_memory_is_bounded_under_20_000_addresses():
    app = client()
    ask(app, "203.0.113.7", path="/ping")
    before = resident()
    for i in range(20_000):
        ask(app, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", path="/ping")
    assert resident() - before < 16_000_000


def test_the_page_when_all_is_well():
    text = html()
    for words in ("Çalışıyor", "Bütün işler zamanında.", "warm", "20 sn önce", "40 sn sonra"):
        assert words in text
    for words in ("1 dk 40 sn sonra", "1.204 / 6.000", "%90,0", "1 gün 1 sa", "9f2c1ab", "açık"):
        assert words in text
    assert '<meta http-equiv="refresh" content="15">' in text
    assert "Bütün işler zamanında; 1 veri kaynağı kapalı." in html(page(hosts=[host(state="down")]))


def test_the_page_when_a_job_is_late():
    late = job(ok=False, deadline_ms=NOW * 1000 - 3_600_000, last_error="ReadTimeout: 5 s")
    text = html(page(jobs=[job("clock"), late], degraded=["etf", "kor"]), ok=False)
    for words in ("Arıza var", "Geciken işler: warm", "gecikti", "1 sa önce", "ReadTimeout: 5 s"):
        assert words in text
    assert "Yüklenemeyen komutlar: /etf, /kor" in text


@pytest.mark.parametrize(
    "data", [page(degraded=["etf"]), page(jobs=[job(last_error="KeyError: 'x'")])]
)
def test_the_page_when_something_is_wrong_but_nothing_late(data):
    assert "Kısmen çalışıyor" in html(data)


def test_what_is_not_known_is_a_dash():
    for data in (
        dict.fromkeys(page()),
        page(jobs=[{"name": "x"}], hosts=[{"name": "y"}], store={}),
    ):
        text = html(data)
        assert text.count("—") >= 4
        assert not re.search(r">\s*(None|nan|0|%0,0)\s*<", text)


@pytest.mark.parametrize(
    ("query", "header", "lang"),
    [
        ("", None, "tr"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "tr-TR", "tr"),
        ("", "de,fr", "tr"),
        ("", "de,en;q=0.1", "en"),
        ("?lang=en", "tr", "en"),
        ("?lang=tr", "en", "tr"),
        ("?lang=<script>", "en", "en"),
        ("?lang=", ",;q=x,\\", "tr"),
    ],
)
def test_the_language(query, header, lang):
    headers = {"Accept-Language": header} if header else {}
    text = client().get(f"/{query}", headers=headers).text
    assert f'<html lang="{lang}">' in text
    assert ("Data sources" in text) == (lang == "en")
    assert ("Veri kaynakları" in text) == (lang == "tr")


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_hostile_texts_are_escaped_everywhere(lang):
    jobs = [job(HOSTILE, last_error=HOSTILE, runs=HOSTILE, ok=ok) for ok in (True, False)]
    hosts = [host(HOSTILE, state=HOSTILE, limit=HOSTILE, used_weight=HOSTILE, until_ms=HOSTILE)]
    data = page(jobs=jobs, hosts=hosts, degraded=[HOSTILE], version=HOSTILE)
    for ok in (True, False):
        text = html(data, ok, f"?lang={lang}")
        assert "&lt;script&gt;" in text
        assert "<script" not in text
        assert "<img" not in text


def test_no_secrets_and_nothing_about_users():
    error = f"Forbidden: /bot{TOKEN}/sendMessage to chat -1001234567890\n" + "x " * 999
    data = page(jobs=[job(last_error=error)], degraded=[TOKEN], version="1234567")
    app = client(data, {"ok": True, "jobs": data["jobs"]}, redact=lambda s: s.replace(TOKEN, "***"))
    for answer in (app.get("/"), app.get("/health")):
        assert "/bot***/sendMessage" in answer.text
        assert "A" * 35 not in answer.text
        assert "1001234567890" not in answer.text
        assert answer.text.count("x x x") < 70
    assert "1234567" in app.get("/").text


@pytest.mark.parametrize(
    ("ms", "tr", "en"),
    [
        (0, "0 sn", "0 s"),
        (-5000, "0 sn", "0 s"),
        (59_999, "59 sn", "59 s"),
        (3_661_000, "1 sa 1 dk", "1 h 1 min"),
        (86_400_000 * 400, "400 gün", "400 d"),
        (None, "—", "—"),
        (math.nan, "—", "—"),
        ("x", "—", "—"),
    ],
)
def test_durations(ms, tr, en):
    assert keep_alive.Words("tr", 0).span(ms) == tr
    assert keep_alive.Words("en", 0).span(ms) == en


def test_states_of_jobs():
    words = keep_alive.Words("en", NOW * 1000)
    assert words.job_state(job()) == ("good", "fine")
    assert words.job_state(job(running_ms=3000)) == ("good", "running · 3 s")
    assert words.job_state(job(last_run_ms=None)) == ("idle", "not run yet")
    assert words.job_state(job(last_error="x", running_ms=3)) == ("warn", "failed last time")
    assert words.job_state(job(last_error="x", ok=False)) == ("bad", "late")
    assert words.host_state(host(state="odd")) == ("idle", "odd")
    assert words.soon(NOW * 1000 - 1) == "now"


def test_the_server_tells_nothing_of_itself(serve):
    answer = requests.get(f"http://127.0.0.1:{serve().port}/ping", timeout=5)
    assert answer.text == "pong"
    assert not {"Server", "Via", "X-Powered-By"} & set(answer.headers)


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_a_forged_header_does_not_dodge_the_limit_of_the_real_server(serve, proxies):
    site = serve(proxies=proxies, limit="2 per minute")
    codes = []
    for i in range(4):
        honest = "".join(f", 203.0.113.{n}" for n in range(proxies))
        lines = f"X_Forwarded_For: 9.9.9.{i}\r\nX-Forwarded-For: 8.8.8.{i}\r\n"
        lines += f"X-Forwarded-For: 7.7.7.{i}{honest}\r\nX-Real-IP: 6.6.6.{i}\r\n"
        codes.append(raw(site, f"GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()).split()[1])
    assert codes == ["200", "200", "429", "429"]


def test_the_real_server_counts_forwarded_clients_apart(serve):
    site = serve(proxies=1, limit="1 per minute")
    url = f"http://127.0.0.1:{site.port}/"
    codes = [
        requests.get(url, headers={"X-Forwarded-For": f"203.0.113.{i}"}, timeout=5).status_code
        for i in (1, 2, 1)
    ]
    assert codes == [200, 200, 429]


def test_the_server_refuses_what_is_too_big(serve):
    site = serve()
    assert " 413 " in raw(site, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
    assert " 431 " in raw(site, b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n")
    assert " 400 " in raw(site, b"\0\xff / HTTP\r\n\r\n")
    assert " 200 " in raw(site, b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")


def test_a_taken_port_is_told(serve):
    with pytest.raises(OSError):
        keep_alive.Site(keep_alive.create_app(dict, dict), "127.0.0.1", serve().port)


class Slow:
    """A health check that waits to be let go."""

    def __init__(self):
        self.entered, self.leave = threading.Event(), threading.Event()

    def __call__(self):
        self.entered.set()
        assert self.leave.wait(10)
        return {"ok": True}


def run(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_request_in_flight_at_stop_is_finished(serve):
    slow, results, deaf = Slow(), [], threading.Event()
    site = serve(slow)
    idle = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
    idle.request("GET", "/ping")
    assert idle.getresponse().read() == b"pong"
    url = f"http://127.0.0.1:{site.port}/health"
    asking = run(lambda: results.append(requests.get(url, timeout=10).json()))
    assert slow.entered.wait(5)
    close = site._deafen
    site._deafen = lambda: (close(), deaf.set())
    stopping = run(site.stop)
    assert deaf.wait(5)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", site.port), timeout=1)
    assert stopping.is_alive()
    slow.leave.set()
    asking.join(5)
    stopping.join(5)
    assert results == [{"ok": True}]
    assert not stopping.is_alive()
    assert not site._thread.is_alive()
    idle.close()


def test_an_answer_being_sent_at_stop_is_sent_to_the_end(serve):
    site = serve(lambda: {"ok": True, "long": ["x" * 100] * 60_000})
    deaf, close = threading.Event(), site._hang_up
    site._hang_up = lambda: (close(), deaf.set())
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(5)
        slow.connect(("127.0.0.1", site.port))
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        stopping = run(site.stop)
        assert deaf.wait(5)
        assert len(answer.read()) == int(answer.headers["Content-Length"]) > 6_000_000
    stopping.join(5)
    assert not site._thread.is_alive()


def test_stop_does_not_wait_for_ever(serve):
    slow = Slow()
    site = serve(slow)
    url = f"http://127.0.0.1:{site.port}/health"
    asking = run(lambda: requests.get(url, timeout=10))
    assert slow.entered.wait(5)
    stopping = run(lambda: site.stop(timeout=0.1))
    stopping.join(5)
    assert not stopping.is_alive()
    slow.leave.set()
    asking.join(5)
    assert not asking.is_alive()


def test_stop_gives_everything_back(serve):
    serve().stop()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else 0
    for _ in range(3):
        site = serve()
        raw(site, b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        site.stop()
        site.stop()
        assert not site._thread.is_alive()
    assert (len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else 0) <= before


def test_wake(serve):
    site = serve()
    with requests.Session() as session:
        keep_alive.wake(f"http://127.0.0.1:{site.port}", session)
        keep_alive.wake(f"http://127.0.0.1:{site.port}/", session)
        with pytest.raises(requests.HTTPError):
            keep_alive.wake(f"http://127.0.0.1:{site.port}/elsewhere", session)
        site.stop()
        with pytest.raises(requests.ConnectionError):
            keep_alive.wake(f"http://127.0.0.1:{site.port}", session)


@pytest.mark.parametrize("url", ["", "ftp://x", "file:///etc/passwd", "example.org", "//x"])
def test_wake_asks_http_only(url):
    with pytest.raises(ValueError, match="must be http"):
        keep_alive.wake(url, None)


def test_wake_knows_its_own_answer(serve):
    with requests.Session() as session, pytest.raises(ValueError, match="not this bot"):
        keep_alive.wake(f"http://127.0.0.1:{serve().port}/?x=", session)


def test_wake_follows_nobody(serve):
    app = flask.Flask("elsewhere")
    app.add_url_rule("/ping", view_func=lambda: flask.redirect(f"http://127.0.0.1:{port}/ping"))
    port, site = serve().port, keep_alive.Site(app, "127.0.0.1", 0)
    site.start()
    with requests.Session() as session, pytest.raises(ValueError, match="not this bot"):
        keep_alive.wake(f"http://127.0.0.1:{site.port}", session)
    site.stop()


def test_waking_is_a_job_where_there_is_an_address(serve, settings):
    url = f"http://127.0.0.1:{serve().port}"
    assert not keep_alive.jobs(settings())
    assert not keep_alive.jobs(settings(RENDER_EXTERNAL_URL=url, KEEP_AWAKE="0"))
    ((waking, _),) = keep_alive.jobs(settings(RENDER_EXTERNAL_URL=url))
    assert waking.every == 600
    waking.once(lambda: NOW)
    assert (waking.runs, waking.errors) == (1, 0)


@pytest.fixture
def running():
    """A bot in miniature: one job, one host, a broken command known by two names."""
    crew = workers.Workers(workers.Pool(1), clock=lambda: NOW)
    crew.add(workers.Job("warm", 60, None), 30)
    report = {"store": page()["store"], "hosts": [host()]}
    broken = bot.Command("etf", None, error=f"ImportError: {TOKEN}")
    place = {"address": "127.0.0.1", "port": 0, "proxies": 0, "metrics_token": Secret()}
    ctx = bot.Ctx(
        config=types.SimpleNamespace(**place, version="9f2c1ab"),
        workers=crew,
        sources=types.SimpleNamespace(report=lambda: report),
        commands={"etf": broken, "fon": broken, "p": bot.Command("p", list)},
    )
    always = workers.Workers(workers.Pool(1), clock=lambda: NOW)
    site = keep_alive.open_site(
        ctx.config, str, lambda: keep_alive.overview(ctx, always), lambda: ""
    )
    yield f"http://127.0.0.1:{site.port}", crew
    site.stop(1)


def test_the_site_of_a_running_bot(running):
    url, crew = running
    health, text = requests.get(f"{url}/health", timeout=5), requests.get(url, timeout=5).text
    assert health.status_code == 200
    assert health.json()["ok"] is True
    assert health.json()["degraded"] == ["etf"]
    for words in ("warm", "api.binance.com", "9f2c1ab", "/etf", "Kısmen çalışıyor"):
        assert words in text
    assert TOKEN not in text + health.text
    crew.jobs[0].next_run = NOW - 61
    health = requests.get(f"{url}/health", timeout=5)
    assert (health.status_code, health.json()["late"]) == (503, ["warm"])
    assert "Geciken işler: warm" in requests.get(url, timeout=5).text


SECRET_PATH = "ping/0a1b2c3d-watch-me"


@pytest.fixture
def watchman(serve, settings):
    """Return a maker of the ping's job: whether a job is late, the address's path."""

    def make(late=(), path="/ping"):
        url = f"http://127.0.0.1:{serve().port}{path}"
        crew = types.SimpleNamespace(late=lambda: list(late))
        ((job, _),) = keep_alive.pulse(settings(PING_URL=url), crew)
        return job

    return make


def test_the_ping_is_sent_every_minute_while_every_job_is_on_time(watchman, monkeypatch):
    sent = []
    monkeypatch.setattr(keep_alive, "ping", lambda url, _: sent.append(url))
    job = watchman()
    job.once(lambda: NOW)
    assert len(sent) == 1 and job.every == 60 and job.next_run == NOW + 60
    watchman(late=["tickers"]).once(lambda: NOW)
    assert len(sent) == 1


def test_a_ping_that_fails_is_an_error_that_does_not_tell_the_address(watchman, caplog, settings):
    good = watchman()
    good.once(lambda: NOW)
    assert good.last_error is None
    lost = watchman(path=f"/{SECRET_PATH}")
    lost.once(lambda: NOW)
    assert lost.last_error == "RuntimeError: the ping was answered with 404"
    url = f"http://127.0.0.1:1/{SECRET_PATH}"
    ((away, _),) = keep_alive.pulse(settings(PING_URL=url), types.SimpleNamespace(late=list))
    away.once(lambda: NOW)
    assert away.last_error == "RuntimeError: the ping was answered with ConnectionError"
    assert "Traceback" in caplog.text and SECRET_PATH not in caplog.text


def test_without_an_address_nothing_is_pinged(settings):
    assert keep_alive.pulse(settings(), None) == []


@pytest.mark.parametrize(
    ("away", "late", "status", "words"),
    [
        (False, [], 200, ("Beklemede", "Botu başka bir kopya çalıştırıyor")),
        (True, [], 503, ("Arıza var", "Veritabanı yanıt vermiyor.")),
        (False, ["awake"], 503, ("Arıza var", "Geciken işler: awake")),
    ],
)
def test_an_instance_that_stands_by_says_so_and_is_alive(away, late, status, words):
    always = workers.Workers(workers.Pool(1), clock=lambda: NOW)
    for name in late:
        always.add(workers.Job(name, 1, None, next_run=NOW))
        always.jobs[-1].next_run = NOW - 100
    told = keep_alive.standing_by(always, "9f2c1ab", away)
    app = keep_alive.create_app(lambda: told, lambda: told, clock=lambda: NOW).test_client()
    health, text = app.get("/health"), app.get("/").text
    assert health.status_code == status
    assert health.json["state"] == ("no database" if away else "standby")
    for word in (*words, "9f2c1ab"):
        assert word in text


def metrics(**headers):
    app = client(metrics=("sesame-1234", lambda: "up 1\n"))
    return app.get("/metrics", headers=headers)


def test_metrics_are_for_who_has_the_token():
    good = metrics(Authorization="Bearer sesame-1234")
    assert (good.status_code, good.text) == (200, "up 1\n")
    assert good.content_type == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    "word", [None, "", "Bearer", "Bearer sesame-123", "Basic sesame-1234", "é"]
)
def test_others_are_told_nothing_not_even_on_this_machine(word):
    refused = metrics(**({} if word is None else {"Authorization": word}))
    assert refused.status_code == 401 and "up" not in refused.text
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_there_are_no_metrics():
    assert client().get("/metrics").status_code == 404


def test_the_site_has_metrics_when_the_settings_have_a_token(ctx, settings):
    for environ, status in (({}, 404), ({"METRICS_TOKEN": "sesame-1234"}, 200)):
        config = settings(PORT="0", **environ)
        made = dataclasses.replace(ctx(), config=config)
        tell, told = dict, partial(scrape.exposition, made)
        site = keep_alive.open_site(config, made.redact, tell, told)
        address = f"http://127.0.0.1:{site.port}/metrics"
        answer = requests.get(address, headers={"Authorization": "Bearer sesame-1234"}, timeout=5)
        site.stop(1)
        assert answer.status_code == status
        assert status == 404 or "dort5bot_uptime_seconds " in answer.text
