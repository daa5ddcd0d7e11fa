"""The files hosts read: each is taken by its own checker, and names only what the bot knows."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from functools import cache
from pathlib import Path

import pytest
from docker.utils import exclude_paths
from dockerfile_parse import DockerfileParser
from dotenv import dotenv_values
from ruamel.yaml import YAML

import config
from local.telegram import Server

# It starts other programs.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SETTINGS = {name for item in config.described() for name in item.metadata["names"]}
SYSTEM = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "MPLCONFIGDIR", "TMPDIR"}
COMPOSE = {"POSTGRES_PASSWORD", "GRAFANA_PASSWORD"}
HOSTS = {"RENDER_DEPLOY_HOOK"}


def read(name):
    return (ROOT / name).read_text("utf-8")


@cache
def loaded(name):
    return YAML(typ="safe").load(read(name))


def checked(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def dockerfile():
    return DockerfileParser(fileobj=(ROOT / "Dockerfile").open("rb"))


def instructions(name):
    return [one["value"] for one in dockerfile().structure if one["instruction"] == name]


def pinned(package, name="requirements-dev.txt"):
    return re.search(rf"^{package}==(.+)$", read(name), re.MULTILINE)[1]


def variables():
    """Return every variable that a host's file sets, by the file."""
    unit = re.findall(r"^Environment=(.+)$", read("deploy/dort5bot.service"), re.MULTILINE)
    return {
        "Dockerfile": set(dockerfile().envs),
        "render.yaml": {one["key"] for one in loaded("render.yaml")["services"][0]["envVars"]},
        ".replit": set(tomllib.loads(read(".replit"))["env"]),
        ".env.example": set(dotenv_values(ROOT / ".env.example")) - COMPOSE,
        "compose.yaml": set(loaded("compose.yaml")["services"]["bot"]["environment"]),
        "dort5bot.service": {word.split("=")[0] for line in unit for word in line.split()},
    }


@pytest.mark.parametrize("name", variables())
def test_a_host_sets_only_what_the_bot_reads(name):
    assert variables()[name] and variables()[name] <= SETTINGS | SYSTEM


@pytest.mark.parametrize("name", ["docs/hosting.md", "SECURITY.md", "README.md"])
def test_the_documents_name_only_settings_and_files_that_there_are(name):
    told = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", read(name)))
    assert told and told <= SETTINGS | COMPOSE | HOSTS
    links = re.findall(r"\]\((?!https?:)([^)#]+)", read(name))
    assert all(((ROOT / name).parent / link).exists() for link in links)


@pytest.mark.parametrize("name", ["docs/hosting.md", "SECURITY.md"])
def test_the_documents_name_only_files_that_there_are(name):
    files = re.findall(r"`([\w.-][\w./-]*\.(?:py|yaml|service|toml|json))`", read(name))
    assert all((ROOT / file).exists() for file in files)


def test_the_document_says_what_to_do_in_the_words_of_the_files():
    text = read("docs/hosting.md")
    assert "deploy/dort5bot.service" in text and "enable --now dort5bot" in text
    for flag in ("--read-only", "--cap-drop ALL", "-v dort5bot:/data"):
        assert flag in text
    assert f"chown {instructions('USER')[0]}" in text


def test_the_example_is_a_configuration_that_starts():
    made = config.load({}, env_file=str(ROOT / ".env.example"))
    assert made.local and not made.live_trading and not made.secrets()


def test_the_dockerfile_has_no_fault_a_linter_knows():
    assert checked(BIN / "hadolint", "--failure-threshold", "style", "Dockerfile") == (0, "")


def test_the_image_has_what_is_pinned_and_no_invented_digest():
    assert f"redis=={pinned('redis')}" in read("Dockerfile")
    assert "-r requirements.txt" in read("Dockerfile")
    assert not re.search(r"@sha256:[0-9a-f]", read("Dockerfile"))
    assert instructions("USER") == ["10001:10001"] and instructions("VOLUME") == ["/data"]


def shipped():
    """Return the paths that go into the image, as Docker itself picks them."""
    patterns = [line for line in read(".dockerignore").splitlines() if not line.startswith("#")]
    paths = exclude_paths(str(ROOT), patterns)
    return {path for path in paths if (ROOT / path).is_file()}


def test_the_image_takes_what_the_bot_runs_from_and_nothing_else():
    tracked = checked("git", "ls-files", "-co", "--exclude-standard")[1].split()
    tracked = tracked if (ROOT / ".git").exists() else sorted(shipped())
    rooms = ("commands/", "local/", "markets/")
    runs = {p for p in tracked if ("/" not in p and p.endswith(".py")) or p.startswith(rooms)}
    assert shipped() == runs | {"status.html", "requirements.txt", "Dockerfile", ".dockerignore"}


@pytest.mark.parametrize(
    "name", [".env", "data/dort5bot.db", "commands/.env", "local/x.db", "x.pem"]
)
def test_no_secret_or_database_gets_into_an_image(name, tmp_path):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("secret")
    (tmp_path / "main.py").write_text("")
    paths = exclude_paths(str(tmp_path), read(".dockerignore").splitlines()[1:])
    assert "main.py" in paths and name not in paths


def test_compose_is_of_its_schema():
    schema = ("--builtin-schema", "vendor.compose-spec", "compose.yaml")
    assert checked(BIN / "check-jsonschema", *schema)[0] == 0


SERVICES = ["bot", "postgres", "redis", "prometheus", "grafana"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched_bounded_and_open_to_this_machine_only(name):
    whole = loaded("compose.yaml")
    service = whole["services"][name]
    assert list(whole["services"]) == SERVICES
    assert "healthcheck" in service or name == "bot", "the bot's is the image's"
    assert service["restart"] == "unless-stopped"
    assert service.get("mem_limit") or name == "postgres"
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert re.search(r":v?\d", service["image"]) or name == "bot", "no tag that moves by itself"
    for volume in service.get("volumes", []):
        origin, target, *mode = volume.split(":")
        mine = origin.startswith("./") and (ROOT / origin).exists() and mode == ["ro"]
        assert origin in whole["volumes"] or mine, (volume, target)


def test_compose_asks_for_its_secrets_and_gives_the_bot_what_it_takes():
    text, bot = read("compose.yaml"), loaded("compose.yaml")["services"]["bot"]
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == COMPOSE | {"METRICS_TOKEN"} and asked <= set(
        dotenv_values(ROOT / ".env.example")
    )
    assert set(re.findall(r"\$\{\w+([^}]*)\}", text)) == {":?set it in .env"}
    filled = {
        name: re.sub(r"\$\{.*?\}", "word-word", value) for name, value in bot["environment"].items()
    }
    made = config.load(filled, "")
    assert made.database.startswith("postgresql+psycopg://dort5bot:word-word@postgres")
    services = loaded("compose.yaml")["services"]
    assert made.cache_url.reveal().startswith("redis://redis:6379") and "redis" in services
    assert f"bot:{made.port}" in read("monitoring/prometheus.yml")
    assert services["prometheus"]["secrets"] == ["metrics_token"]
    assert bot["read_only"] and bot["cap_drop"] == ["ALL"] and "data:/data" in bot["volumes"]


def test_render_is_asked_for_what_it_offers():
    (service,) = loaded("render.yaml")["services"]
    assert (service["type"], service["runtime"], service["plan"]) == ("web", "docker", "free")
    assert service["region"] == "frankfurt" and service["healthCheckPath"] == "/health"
    assert service["autoDeployTrigger"] in ("off", "commit", "checksPass")
    assert (ROOT / service["dockerfilePath"]).is_file()
    given = {one["key"]: one for one in service["envVars"]}
    secrets = {
        name
        for item in config.described()
        if item.metadata["parse"] in (config.secret, config.token, config.database)
        for name in item.metadata["names"]
    }
    assert all(set(one) <= {"key", "value", "sync"} for one in given.values())
    assert all("value" not in given[name] for name in secrets & set(given))
    assert {"TELEGRAM_TOKEN", "DATABASE_URL", "MASTER_KEY", "METRICS_TOKEN"} <= set(given)
    fixed = {name: one["value"] for name, one in given.items() if "value" in one}
    assert all(isinstance(value, str) for value in fixed.values()) and config.load(fixed, "")


def test_replit_and_procfile_run_the_bot():
    replit = tomllib.loads(read(".replit"))
    assert replit["run"][-1].endswith("exec python main.py")
    assert replit["deployment"]["run"] == ["python", "main.py"]
    assert replit["ports"] == [{"localPort": int(replit["env"]["PORT"]), "externalPort": 80}]
    assert config.load(replit["env"], "")
    assert read("Procfile") == "web: python main.py\n"


def test_systemd_takes_the_unit_and_finds_it_closed(tmp_path):
    unit = tmp_path / "dort5bot.service"
    words = read("deploy/dort5bot.service")
    unit.write_text(words.replace("/opt/dort5bot/.venv/bin/python", sys.executable))
    assert checked("systemd-analyze", "verify", "--man=no", str(unit)) == (0, "")
    code, said = checked(
        "systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)
    )
    assert code == 0, said


def test_the_unit_outlives_a_process_the_kernel_killed():
    assert "\nOOMPolicy=continue\n" in read("deploy/dort5bot.service")


SEALED = """
if [ "$1" = sealed ]; then
    mount -o remount,ro,bind / && mount -t tmpfs -o uid=10001,gid=10001,mode=700 tmpfs "$2"
fi || exit 99
shift 2
exec "$@"
"""
ONLY = "-all,+dac_read_search"
STRANGER = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--no-new-privs"]
STRANGER += [f"--bounding-set={ONLY}", f"--inh-caps={ONLY}", "--ambient-caps=+dac_read_search"]


def confined(data):
    """Return what a command is put behind to run as in the image: nobody, on a read-only root.

    An interpreter in root's home can be read by all the same; nothing more is allowed than that.
    """
    if os.geteuid() != 0:
        return []
    sealed = subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0
    os.chown(data, 10001, 10001)
    enter = ["unshare", "-m"] if sealed else []
    return [*enter, "sh", "-c", SEALED, "sh", "sealed" if sealed else "-", str(data), *STRANGER]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def image(tmp_path):
    """Lay out the image's files as its steps do; return how to run a command in it."""
    app, data = tmp_path / "app", Path(tempfile.mkdtemp())
    for path in shipped():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, app / path)
    told = {k: v.replace("/data", str(data)) for k, v in dockerfile().envs.items() if v}
    told |= {"PATH": f"{BIN}:/usr/bin:/bin:/usr/sbin", "PORT": str(free_port())}
    running = []

    def run(*command, **more):
        words = [*confined(data), *command]
        begun = subprocess.Popen(
            words,
            cwd=app,
            env=told | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(begun)
        return begun

    yield run
    for one in running:
        one.kill()
        one.communicate()
    shutil.rmtree(data)


def healthcheck():
    return json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])


def healthy(image, seconds=60):
    """Ask for the image's own health check until it says well."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if image(*healthcheck()).wait() == 0:
            return True
    return False


def test_the_image_answers_draws_and_ends_on_a_root_it_cannot_write(image):
    assert image(*healthcheck()).wait() == 1
    with Server(token=TOKEN) as server:
        more = {"TELEGRAM_API_URL": server.url, "TELEGRAM_TOKEN": TOKEN, "MOCK": "1"}
        bot = image(
            *json.loads(instructions("ENTRYPOINT")[0]), ADMIN_IDS="1", HOST="127.0.0.1", **more
        )
        assert healthy(image)
        server.say(1, "/grafik btc")
        server.until(lambda: any(m.photo for m in server.messages(1) if m.bot) or None, 90)
        bot.send_signal(signal.SIGTERM)
        said, _ = bot.communicate(timeout=20)
    assert bot.returncode == 0 and "Traceback" not in said and "Matplotlib" not in said, said
    assert image(*healthcheck()).wait() == 1
