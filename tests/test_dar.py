"""dar.py: what may be shown, what never is, and how secrets are masked."""

import base64
import hashlib
import html
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dar

SECRET = "s3cr3t/Value+with=odd&chars"
TOKEN = "123456789" + ":" + "A" * 35
PRIVATE = [
    *(".env", ".ENV", ".env.local", ".env.production.bak", ".envrc", "prod.env"),
    *("bot.db", "bot.db-wal", "bot.db-shm", "bot.db.bak", "cache.sqlite", "cache.sqlite3"),
    *("x.sqlite-journal", "y-wal", "y-shm", "y-journal", "key.pem", "KEY.PEM", "tls.key"),
    *("id_rsa", "id_rsa.pub", "id_ed25519", "store.p12", "store.pfx", "store.jks", ".netrc"),
    *(".pypirc", ".pgpass", "aws_credentials.json", "Credentials", "a.zip", "a.tar.gz"),
]
CACHES = [
    *(".git", ".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"),
    *(".hypothesis", "node_modules", "data", "Data"),
]


@pytest.fixture
def root(tmp_path):
    top = tmp_path / "proje"
    write(top, "main.py", "print('merhaba')\n")
    write(top, "commands/p.py", "def run(ctx):\n    return 1\n")
    write(top, ".env.example", "TELEGRAM_TOKEN=\n")
    write(top, ".github/workflows/ci.yml", "on: push\n")
    return top


def write(top, name, content="x"):
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def names(root):
    return [path.as_posix() for path in dar.files(root)]


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        assert bundle.testzip() is None
        return {info.filename: bundle.read(info) for info in bundle.infolist()}


def everything(root, secrets=()):
    """Return all bytes any of the three views gives away."""
    inside = members(dar.archive(root, secrets))
    zipped = b"\n".join(part for name, data in inside.items() for part in (name.encode(), data))
    text = dar.sources(root, secrets=secrets) + dar.tree(root, secrets)
    return zipped + text.encode()


def test_files_are_found_and_sorted(root):
    assert names(root) == [".env.example", ".github/workflows/ci.yml", "commands/p.py", "main.py"]


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("place", ["", "commands/"])
def test_private_files_never_ship(root, name, place):
    write(root, place + name, "GIZLI")
    assert len(names(root)) == 4
    assert b"GIZLI" not in everything(root)
    assert f"{place}{name}: private" in dar.tree(root)


@pytest.mark.parametrize("name", PRIVATE)
def test_nothing_below_a_folder_of_a_private_name_ships(root, name):
    write(root, f"{name}/notes.txt", "GIZLI")
    assert b"GIZLI" not in everything(root)


@pytest.mark.parametrize("name", CACHES)
def test_caches_and_data_never_ship(root, name):
    write(root, f"{name}/notes.txt", "GIZLI")
    assert b"GIZLI" not in everything(root)
    assert f"{name}/" not in dar.tree(root)


def test_data_is_barred_at_the_top_only(root):
    write(root, "tests/data/candles.csv")
    assert "tests/data/candles.csv" in names(root)


def test_a_virtual_environment_of_any_name_never_ships(root):
    write(root, "myenv/pyvenv.cfg")
    write(root, "myenv/lib/site.py", "GIZLI")
    assert b"GIZLI" not in everything(root)


def test_a_database_or_a_private_key_under_another_name_never_ships(root):
    write(root, "notes", b"SQLite format 3\0GIZLI")
    key = "-----BEGIN EC PRIVATE " + "KEY-----\nGIZLI\n-----END EC PRIVATE " + "KEY-----"
    write(root, "notes.py", f'KEY = """{key}"""\nafter = 1\n')
    assert b"GIZLI" not in everything(root)
    assert b"after = 1" in members(dar.archive(root))["notes.py"]


def test_links(root, tmp_path):
    outside = write(tmp_path, "outside.txt", "GIZLI")
    write(root, ".env", "GIZLI")
    write(root, "data/x", "GIZLI")
    (tmp_path / "far").mkdir()
    write(tmp_path, "far/x.py", "GIZLI")
    links = {
        "a": outside,
        "b": ".env",
        "c": "data/x",
        "d": "../far",
        "e": "e",
        "f": "commands/../.env",
        "g": "b",
        "h": "nowhere",
        "j": "commands",
        "k": "/etc/hostname",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    (root / "good").symlink_to("commands/p.py")
    assert [name for name in names(root) if name in [*links, "good"]] == ["good"]
    assert b"GIZLI" not in everything(root)
    assert all(f"{name}: a link to what is not shown" in dar.tree(root) for name in links)
    assert members(dar.archive(root))["good"] == (root / "commands/p.py").read_bytes()


def test_the_root_may_be_a_link(root, tmp_path):
    (tmp_path / "short").symlink_to(root)
    assert names(tmp_path / "short") == names(root)
    assert dar.archive(tmp_path / "short") == dar.archive(root)


def test_special_files_are_named_and_not_read(root):
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(root)
        server.bind("door")
        os.chdir(here)
        assert "pipe: not a regular file" in dar.sources(root)
        assert "door: not a regular file" in dar.tree(root)
        assert len(names(root)) == 4


def test_big_files_are_left_out_and_named(root, monkeypatch):
    monkeypatch.setattr(dar, "MAX_FILE", 100)
    monkeypatch.setattr(dar, "MAX_TOTAL", 200)
    write(root, "big.txt", "x" * 101)
    write(root, "many/a.txt", "x" * 90)
    write(root, "many/b.txt", "x" * 90)
    notes = members(dar.archive(root))["LEFT_OUT.txt"].decode()
    assert "big.txt: larger than 100 B" in notes
    assert "many/b.txt: beyond 200 B together" in notes
    assert "many/a.txt" in names(root)


def test_a_deep_tree_is_walked(root):
    folder = root
    for _ in range(300):
        folder /= "d"
    folder.mkdir(parents=True)
    write(folder, "end.py")
    assert any(name.endswith("/end.py") for name in names(root))


ENCODINGS = {
    "plain": str,
    "percent": lambda s: quote(s, safe=""),
    "path": quote,
    "small percent": lambda s: quote(s, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "form": quote_plus,
    "json": lambda s: json.dumps(s)[1:-1],
    "json utf-8": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "json slash": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "python": lambda s: repr(s)[1:-1],
    "html": html.escape,
}


@pytest.mark.parametrize("form", ENCODINGS)
@given(
    secret=st.text(min_size=8, max_size=40), before=st.text(max_size=9), after=st.text(max_size=9)
)
def test_a_secret_is_masked_in_every_form(form, secret, before, after):
    written = ENCODINGS[form](secret)
    text = dar.masker([secret])(f"{before} {written} {after}")
    assert written not in text or written in f"{before} *** {after}"
    assert dar.MASK in text


@given(
    secret=st.binary(min_size=8, max_size=40),
    before=st.binary(max_size=7),
    after=st.binary(max_size=7),
)
def test_a_secret_is_masked_inside_base64(secret, before, after):
    value = secret.hex()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        written = encode(before + value.encode() + after).decode()
        left = dar.masker([value])(written).split(dar.MASK)
        assert len(left) == 2
        assert len("".join(left)) <= len(written) - len(value) * 8 // 6 + 2


@given(st.text())
def test_a_text_without_secrets_stays_as_it_is(text):
    assert dar.masker(["never-in-there-ever"])(text) == text


def test_a_bot_token_is_masked_unknown_as_it_is(root):
    write(root, "log.txt", f"GET /bot{TOKEN}/getMe and /bot{quote(TOKEN)}/getMe")
    assert "A" * 35 not in everything(root).decode()


def test_short_secrets_mask_whole_words_only():
    mask = dar.masker(["test", "abc", ""])
    assert mask("test tests latest 'test' abc") == "*** tests latest '***' abc"


def test_the_longest_secret_wins():
    assert dar.masker(["abcdefgh", "abcdefgh12345678"])("abcdefgh12345678") == "***"


def test_secrets_are_masked_in_the_text_and_the_zip(root):
    write(root, "config.py", f'KEY = "{SECRET}"\nURL = "{quote(SECRET, safe="")}"\n')
    text, inside = dar.sources(root, secrets=[SECRET]), members(dar.archive(root, [SECRET]))
    assert inside["config.py"] == b'KEY = "***"\nURL = "***"\n'
    assert inside["main.py"] == (root / "main.py").read_bytes()
    assert 'KEY = "***"' in text
    assert "config.py: shown with *** for secrets" in text
    assert SECRET.encode() not in everything(root, [SECRET])


@pytest.mark.parametrize("code", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_a_binary_file_with_a_secret_stays_out(root, code):
    write(root, "a.bin", b"\0\xff" + SECRET.encode(code))
    write(root, "b.bin", b"\0\xff" + base64.b64encode(SECRET.encode()))
    write(root, "c.bin", b"\0\xff")
    inside = members(dar.archive(root, [SECRET]))
    assert inside["c.bin"] == b"\0\xff"
    assert not {"a.bin", "b.bin"} & inside.keys()
    assert b"a.bin: binary with a secret" in inside["LEFT_OUT.txt"]
    assert "===== c.bin =====\n(2 B)" in dar.sources(root)


def test_a_secret_in_a_name_is_masked(root):
    write(root, f"{TOKEN}.txt")
    assert TOKEN.encode() not in everything(root)


def test_sources_have_a_header_per_file(root):
    assert dar.sources(root, "commands") == (
        "===== commands/p.py =====\ndef run(ctx):\n    return 1\n"
    )
    assert dar.sources(root, "main.py") == "===== main.py =====\nprint('merhaba')\n"
    assert dar.sources(root, "./commands/") == dar.sources(root, "commands/p.py")
    assert dar.sources(root) == dar.sources(root, ".") == dar.sources(root, "")


@pytest.mark.parametrize(
    "place",
    [
        *("../x", "..", "../proje", "/etc/passwd", "/", "//", "~", "data/x", "data", ".env"),
        *("./.env", "commands/../.env", "commands/../main.py", ".git/config", "key.pem", "nowhere"),
        *("C:\\x", "..\\x", "main", "main.py/x", "\0", "out/secret.txt", "main.py\n", "x" * 9999),
    ],
)
def test_other_places_are_refused(root, tmp_path, place):
    for name in (".env", "data/x", "key.pem", ".git/config"):
        write(root, name, "GIZLI")
    write(tmp_path, "far/secret.txt", "GIZLI")
    (root / "out").symlink_to(tmp_path / "far")
    with pytest.raises(ValueError, match="is not a file or folder that can be shown"):
        dar.sources(root, place)
    with pytest.raises(ValueError):
        dar.sources(root, str(root / "main.py"))


@given(st.text(alphabet="./\\~:\0 adtemvn-", max_size=30))
def test_no_place_leads_to_what_is_private(tmp_path_factory, place):
    root = tmp_path_factory.getbasetemp() / "places"
    if not root.exists():
        for name in ("main.py", "data/a", ".env"):
            write(root, name, "GIZLI" if name != "main.py" else "")
        write(root.parent, "e/a", "GIZLI")
    try:
        assert "GIZLI" not in dar.sources(root, place)
    except ValueError as error:
        assert "\0" not in str(error)


def test_odd_names_are_escaped_and_safe_to_unpack(root, tmp_path):
    odd = ["a\nb.py", "a\x1b[31m.py", "a\u202egpj.py", "..\\..\\x.py", "100%.py", "ğü 中.py"]
    for name in odd:
        write(root, name)
    (root / os.fsdecode(b"bad\xff.py")).write_text("x")
    text = dar.tree(root) + dar.sources(root)
    for name in (
        "a%0Ab.py",
        "a%1B[31m.py",
        "a%E2%80%AEgpj.py",
        "100%25.py",
        "ğü 中.py",
        "bad%FF.py",
    ):
        assert name in text
        assert dar.sources(root, name) == f"===== {name} =====\nx\n"
    assert not {"\x1b", "\u202e"} & set(text)
    with zipfile.ZipFile(io.BytesIO(dar.archive(root))) as bundle:
        assert all("\\" not in name and ".." not in name.split("/") for name in bundle.namelist())
        bundle.extractall(tmp_path / "out")
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) == 4 + 7


def test_the_zip_is_reproducible(root, tmp_path):
    first = dar.archive(root)
    other = tmp_path / "kopya"
    shutil.copytree(root, other)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert hashlib.sha256(dar.archive(other)).digest() == hashlib.sha256(first).digest()
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        assert {info.date_time for info in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert bundle.namelist() == sorted(bundle.namelist())


def test_the_tree(root):
    assert dar.tree(root) == (
        "proje/  4 · 69 B\n"
        "  .env.example  16 B\n"
        "  .github/\n"
        "    workflows/\n"
        "      ci.yml  9 B\n"
        "  commands/\n"
        "    p.py  27 B\n"
        "  main.py  17 B"
    )
    assert [dar.size(n) for n in (0, 999, 1000, 15_000, 2**20)] == [
        "0 B",
        "999 B",
        "1.0 KB",
        "14.6 KB",
        "1.0 MB",
    ]


def test_secrets_are_read_from_the_environment_and_env_files(root):
    write(
        root,
        ".env",
        "\ufeffFIRST_KEY=first-value\n# MY_KEY=comment-value\n"
        "export TELEGRAM_TOKEN = bare-value # a comment\r\n"
        "API_SECRET='single # value'\n"
        'MASTER_KEY="double \\" value\\nsecond"\n'
        'LONG_KEY="two\nlines"\n'
        "DATABASE_URL=postgresql://user:p%40ss-word@host/db\n"
        "HOST=harmless-value\n"
        'BROKEN_KEY="open-value\n',
    )
    write(root, ".env.local", "CACHE_URL=redis://:redis-word@host\n")
    write(root, ".env.example", "OTHER_TOKEN=example-value\n")
    found = dar.known_secrets(root, {"GIT_PASSWORD": "env-value", "HOME": "/root"})
    assert {
        "first-value",
        "bare-value",
        "single # value",
        'double " value\nsecond',
        "two\nlines",
        "p%40ss-word",
        "p@ss-word",
        "redis-word",
        "open-value",
        "env-value",
    } <= found
    assert not {"harmless-value", "example-value", "/root", "comment-value"} & found


def test_it_runs_alone_when_nothing_else_does(root, tmp_path):
    shutil.copy(dar.__file__, root / "dar.py")
    for name in ("bot.py", "config.py", "calc.py", "main.py"):
        write(root, name, "raise SystemExit('broken')\n")
    write(root, ".env", f"TELEGRAM_TOKEN={SECRET}\n")
    write(root, "leak.py", f"x = '{SECRET}' 'çğı'\n")

    def run(*args):
        command = [sys.executable, "-P", "-S", str(root / "dar.py"), *args]
        environ = {"PATH": "/usr/bin", "PYTHONIOENCODING": "ascii"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, timeout=30, check=False
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    assert run() == (0, dar.HELP + "\n", "")
    assert run("what")[0] == 1
    assert "leak.py" in run("tree")[1]
    code, text, _ = run("txt")
    assert (code, SECRET in text, "x = '***' 'çğı'" in text) == (0, False, True)
    assert run("txt", "leak.py")[1].startswith("===== leak.py =====")
    code, out, error = run("txt", "../x")
    assert (code, out, error.count("\n")) == (1, "", 1)
    code, out, _ = run("zip")
    assert (code, out.strip()) == (0, str(tmp_path / "proje.zip"))
    assert SECRET.encode() not in (tmp_path / "proje.zip").read_bytes()
    assert members(Path(out.strip()).read_bytes())["leak.py"].startswith(b"x = '***'")
