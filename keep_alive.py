"""The bot's web side: a status page for people, /health and /ping for platforms, the self-wake."""

import base64
import hashlib
import hmac
import ipaddress
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask, Response, jsonify, request
from flask_limiter import Limiter
from waitress import wasyncore
from waitress.server import create_server
from werkzeug.exceptions import HTTPException

from bot import Ctx
from config import Config
from workers import Job, Workers

PAGE = Path(__file__).with_name("status.html")
# Far over what platforms send, and a count of its own: no visitor makes a probe fail.
PROBES = "600 per minute"
# A process may often open 1024 files; idle strangers must leave the rest of the bot its share.
CONNECTIONS = 500
MAX_TEXT = 200
ACTIVE, STANDBY, AWAY = "active", "standby", "no database"
LONG_NUMBER = re.compile(r"(?<![\w.])-?\d{6,}(?![\w.])")
HOST_STATES = {
    "ok": ("good", "açık", "open"),
    "limited": ("warn", "hız sınırı", "rate limited"),
    "banned": ("bad", "engelli", "banned"),
    "region": ("bad", "bu bölgeye kapalı", "closed to this region"),
    "blocked": ("bad", "reddediyor", "refusing"),
    "down": ("bad", "yanıt yok", "no answer"),
}
LANGUAGES = ("tr", "en")
UNITS = ((86400, "gün", "d"), (3600, "sa", "h"), (60, "dk", "min"), (1, "sn", "s"))


def known(value: Any) -> bool:
    """Tell whether a value is a number that can be shown."""
    return isinstance(value, int | float) and math.isfinite(value)


@dataclass(frozen=True)
class Words:
    """Say times, numbers and states in one language, — where unknown."""

    lang: str
    now_ms: float

    def t(self, tr: str, en: str) -> str:
        """Return the sentence in the language."""
        return tr if self.lang == "tr" else en

    def span(self, ms: float | None) -> str:
        """Return a duration in its two largest units."""
        if not known(ms):
            return "—"
        seconds, parts = max(0, int(ms // 1000)), []
        for size, tr, en in UNITS:
            count, seconds = divmod(seconds, size)
            if count:
                parts.append(f"{count} {self.t(tr, en)}")
        return " ".join(parts[:2]) or f"0 {self.t('sn', 's')}"

    def when(self, ms: float | None) -> str:
        """Return an instant as how long ago, or how soon, it is."""
        if not known(ms):
            return "—"
        span = self.span(abs(self.now_ms - ms))
        if ms <= self.now_ms:
            return self.t(f"{span} önce", f"{span} ago")
        return self.t(f"{span} sonra", f"in {span}")

    def soon(self, ms: float | None) -> str:
        """Return an instant to come as how soon it is, one gone by as now."""
        return self.t("şimdi", "now") if known(ms) and ms <= self.now_ms else self.when(ms)

    def number(self, value: float | None) -> str:
        """Return a whole number with thousands marked."""
        if not known(value):
            return "—"
        return f"{value:,.0f}".replace(",", self.t(".", ","))

    def percent(self, rate: float | None) -> str:
        """Return a share of one as a percentage."""
        if not known(rate):
            return "—"
        words = f"{rate * 100:.1f}"
        return self.t(f"%{words.replace('.', ',')}", f"{words}%")

    def job_state(self, job: Mapping[str, Any]) -> tuple[str, str]:
        """Return the tone and the words of a job's state."""
        if job.get("ok") is False:
            return "bad", self.t("gecikti", "late")
        if job.get("last_error"):
            return "warn", self.t("son seferde hata", "failed last time")
        if job.get("running_ms") is not None:
            return "good", f"{self.t('çalışıyor', 'running')} · {self.span(job['running_ms'])}"
        if job.get("last_run_ms") is None:
            return "idle", self.t("daha çalışmadı", "not run yet")
        return "good", self.t("iyi", "fine")

    def host_state(self, host: Mapping[str, Any]) -> tuple[str, str]:
        """Return the tone and the words of a host's state."""
        state = host.get("state")
        tone, tr, en = HOST_STATES.get(state, ("idle", state or "—", state or "—"))
        return tone, self.t(tr, en)

    def mood(self, ok: bool, page: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return the tone, the word and the reason for the state of the whole."""
        jobs = page.get("jobs") or []
        if page.get("state") == AWAY:
            why = self.t("Veritabanı yanıt vermiyor.", "The database does not answer.")
            return "bad", self.t("Arıza var", "Failing"), why
        if ok and page.get("state") == STANDBY:
            why = self.t(
                "Botu başka bir kopya çalıştırıyor; o durursa bu devralır.",
                "Another instance runs the bot; this one takes over if that ends.",
            )
            return "idle", self.t("Beklemede", "Standing by"), why
        if not ok:
            late = ", ".join(str(job["name"]) for job in jobs if job.get("ok") is False)
            why = self.t(f"Geciken işler: {late}", f"Late jobs: {late}") if late else "—"
            return "bad", self.t("Arıza var", "Failing"), why
        failed = ", ".join(str(job["name"]) for job in jobs if job.get("last_error"))
        if failed or page.get("degraded"):
            why = self.t(f"Hata veren işler: {failed}", f"Jobs with errors: {failed}")
            return "warn", self.t("Kısmen çalışıyor", "Partly working"), why if failed else ""
        closed = sum(host.get("state") != "ok" for host in page.get("hosts") or [])
        why = self.t("Bütün işler zamanında", "Every job is on time")
        tail = self.t(f"; {closed} veri kaynağı kapalı", f"; {closed} data sources closed")
        return "good", self.t("Çalışıyor", "Running"), f"{why}{tail if closed else ''}."


def public(value: Any, redact: Callable[[str], str], key: str = "") -> Any:
    """Return data fit for strangers: texts redacted, short and without ids, NaN as None."""
    if isinstance(value, Mapping):
        return {str(name): public(item, redact, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [public(item, redact, key) for item in value]
    if isinstance(value, str):
        words = " ".join(redact(value).split())[:MAX_TEXT]
        return words if key == "version" else LONG_NUMBER.sub("…", words)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def client(proxies: int) -> str:
    """Return whom to count a request against: an IPv4 address or an IPv6 /64.

    The proxies' own entries stand last in X-Forwarded-For, so what a client forges is never read.
    Without that many entries the request came from inside: it is counted by its own address.
    """
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    forwarded = hops[-proxies].strip() if 0 < proxies <= len(hops) else ""
    try:
        address = ipaddress.ip_address(forwarded or request.remote_addr or "")
    except ValueError:
        return f"{request.remote_addr} ?"
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 6:
        address = ipaddress.ip_network((int(address) >> 64 << 64, 64))
    return f"{address} forwarded" if forwarded else str(address)


def create_app(
    health: Callable[[], Mapping[str, Any]],
    page: Callable[[], Mapping[str, Any]],
    proxies: int = 1,
    limit: str = "60 per minute",
    *,
    redact: Callable[[str], str] = str,
    clock: Callable[[], float] = time.time,
    metrics: tuple[str, Callable[[], str]] | None = None,
) -> Flask:
    """Return the web application; it shows only what the two callables hold in memory.

    `health` returns {"ok": bool, …}. `page` returns jobs, store, hosts, degraded, uptime_s and
    version; every …_ms is an instant but running_ms, a duration; store's rate is within 0–1.
    `metrics` is the token of who may read them and what tells them.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    text = PAGE.read_text("utf-8")
    template = app.jinja_env.from_string(text)
    guard(app, text.partition("<style>")[2].partition("</style>")[0])
    limiter = limit_clients(app, proxies, limit)

    @app.get("/")
    def status() -> str:
        data, words = public(page(), redact), Words(language(), clock() * 1000)
        tone, mood, reason = words.mood(bool(health()["ok"]), data)
        return template.render(w=words, page=data, tone=tone, mood=mood, reason=reason)

    probe(app, limiter, lambda: public(health(), redact))
    if metrics:
        measure(app, limiter, *metrics)
    return app


def probe(app: Flask, limiter: Limiter, health: Callable[[], Mapping[str, Any]]) -> None:
    """Answer those that ask whether the bot is well, or there at all."""

    @app.get("/health")
    @limiter.limit(PROBES)
    def state() -> tuple[Response, int]:
        data = health()
        return jsonify(data), 200 if data["ok"] else 503

    @app.get("/ping")
    @limiter.limit(PROBES)
    def ping() -> Response:
        return Response("pong", mimetype="text/plain")


def measure(app: Flask, limiter: Limiter, token: str, tell: Callable[[], str]) -> None:
    """Tell the metrics to who has the token.

    Neither loopback nor a switch would do: behind a proxy on the same machine everybody comes
    from loopback, and on a public host a switch opens them to all.
    """
    wanted = f"Bearer {token}".encode()

    @app.get("/metrics")
    @limiter.limit(PROBES)
    def metrics() -> Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted):
            return Response("401 Unauthorized\n", 401, {"WWW-Authenticate": "Bearer"}, "text/plain")
        return Response(tell(), content_type="text/plain; version=0.0.4; charset=utf-8")


def language() -> str:
    """Return the language asked for in the address, else by the browser, else Turkish."""
    asked = request.args.get("lang")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "tr")


def limit_clients(app: Flask, proxies: int, limit: str) -> Limiter:
    """Count each client's requests in memory and refuse those over the limit."""
    limiter = Limiter(
        lambda: client(proxies),
        app=app,
        default_limits=[limit],
        storage_uri="memory://",
        headers_enabled=True,
    )
    # One line for every refused request would let anyone fill the log.
    limiter.logger.setLevel(logging.WARNING)
    return limiter


def guard(app: Flask, style: str) -> None:
    """Put the security headers on every answer and make errors one plain line."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(headers)
        if response.status_code != 429:
            response.headers.pop("Retry-After", None)
        return response

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> Response:
        response = error.get_response()
        response.set_data(f"{error.code} {error.name}\n")
        response.mimetype = "text/plain"
        return response


class Site:
    """Serve an application from a daemon thread. Raises OSError where the port is taken."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            host=host,
            port=port,
            threads=4,
            ident=None,
            connection_limit=CONNECTIONS,
            channel_timeout=20,
            cleanup_interval=5,
            max_request_header_size=16_384,
            max_request_body_size=1024,
            clear_untrusted_proxy_headers=False,
            asyncore_use_poll=True,
        )
        self._server.task_dispatcher.queue_logger.setLevel(logging.ERROR)
        self._listeners = [item for item in self._map.values() if item.accepting]
        self._thread = threading.Thread(target=self._server.run, name="site", daemon=True)
        self.port: int = int(self._listeners[0].effective_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, timeout: float = 5) -> None:
        """Take no new request, let those in flight finish within `timeout` seconds, and close."""
        if not self._thread.is_alive():
            return
        end = time.monotonic() + timeout
        self._in_loop(self._deafen)
        self._server.task_dispatcher.shutdown(timeout=timeout)
        # A worker still busy would later write to the closed pipe's number, by then another's.
        if self._server.task_dispatcher.threads:
            return
        self._in_loop(self._hang_up)
        self._thread.join(max(0.2, end - time.monotonic()))
        if not self._thread.is_alive():
            for listener in self._listeners:
                listener.trigger.close()

    def _in_loop(self, work: Callable[[], None]) -> None:
        self._listeners[0].trigger.pull_trigger(work)

    def _deafen(self) -> None:
        for listener in self._listeners:
            wasyncore.dispatcher.close(listener)

    def _hang_up(self) -> None:
        for channel in list(self._map.values()):
            channel.close_when_flushed = True
        for listener in self._listeners:
            listener.trigger.del_channel()


def wake(url: str, session: requests.Session) -> None:
    """GET the bot's own public /ping, so that a host that lets idle services sleep keeps it awake.

    Raises ValueError for another scheme or answer, requests.RequestException for none.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("the address to wake must be http(s)")
    address = f"{url.rstrip('/')}/ping"
    with session.get(address, timeout=(3.05, 10), stream=True, allow_redirects=False) as response:
        response.raise_for_status()
        if next(response.iter_content(16), b"") != b"pong":
            raise ValueError("the address to wake is not this bot's")


def jobs(config: Any) -> list[tuple[Job, float]]:
    """Return the job that keeps the bot awake on a host that lets idle services sleep."""
    url, session = config.external_url, requests.Session()
    wanted = config.keep_awake and url
    return [(Job("awake", 600, lambda: wake(url, session)), 60)] if wanted else []


def ping(url: str, session: requests.Session) -> None:
    """Tell a watchman elsewhere that the bot is well; errors do not name the address, a secret.

    Raises RuntimeError where it does not answer well.
    """
    try:
        with session.get(url, timeout=(3.05, 10), stream=True, allow_redirects=False) as response:
            told = str(response.status_code)
    except requests.RequestException as error:
        told = type(error).__name__
    if not told.startswith("2"):
        raise RuntimeError(f"the ping was answered with {told}")


def pulse(config: Config, crew: Workers) -> list[tuple[Job, float]]:
    """Return the job that pings every minute in which no job is late: its silence is the alarm."""
    url, session = config.ping_url.reveal(), requests.Session()
    return [(Job("ping", 60, lambda: crew.late() or ping(url, session)), 30)] if url else []


def standing_by(always: Workers, version: str, away: bool) -> dict[str, Any]:
    """Return what is shown and told while another instance acts, or the database is away."""
    state, late = AWAY if away else STANDBY, always.late()
    told = {"ok": not late and not away, "late": late, "state": state, "jobs": always.report()}
    told |= {"store": {}, "hosts": [], "degraded": []}
    return told | {"uptime_s": time.time() - always.started, "version": version[:7]}


def overview(ctx: Ctx, always: Workers) -> dict[str, Any]:
    """Return what the page shows and /health tells: jobs, store, hosts, broken commands.

    `always` are the jobs that run while another instance acts, too.
    """
    late = [*always.late(), *ctx.workers.late()]
    return {
        "ok": not late,
        "late": late,
        "state": ACTIVE,
        **ctx.sources.report(),
        "jobs": [*always.report(), *ctx.workers.report()],
        "degraded": sorted({c.name for c in ctx.commands.values() if c.error}),
        "uptime_s": time.time() - always.started,
        "version": ctx.config.version[:7],
    }


def open_site(
    config: Config,
    redact: Callable[[str], str],
    tell: Callable[[], Mapping[str, Any]],
    metrics: Callable[[], str],
) -> Site:
    """Serve the status page on the configured address. Raises OSError where it is taken."""
    token = config.metrics_token.reveal()
    told = (token, metrics) if token else None
    app = create_app(tell, tell, config.proxies, redact=redact, metrics=told)
    site = Site(app, config.address, config.port)
    site.start()
    return site
