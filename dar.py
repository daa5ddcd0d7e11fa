"""The project as a tree, as one text or as a zip, never with its secrets; stands alone."""

import base64
import fnmatch
import html
import io
import json
import os
import re
import signal
import stat
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

HELP = """python dar.py tree                 klasör ağacı / the project's tree
python dar.py txt [file|folder]    kaynaklar tek metin / the sources as one text
python dar.py zip                  kaynakların zip'i / a zip of the sources

Özel dosyalar girmez, bilinen gizli değerler *** olur.
Private files stay out, known secrets become ***."""
MASK, NOTES, EXAMPLE = "***", "LEFT_OUT.txt", ".env.example"
MAX_FILE, MAX_TOTAL = 4 * 2**20, 24 * 2**20


def _names(words: str) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, words.split())))


SILENT = _names(
    f"""{NOTES.casefold()} .git .hg .svn .venv venv __pycache__ .*_cache .hypothesis .tox .nox
    node_modules"""
)
PRIVATE = _names(
    """.env* *.env *.d5b *.db *.db[-.]* *.db3 *.sqlite* *-wal *-shm *-journal *.zip *.tar *.tar.*
    *.tgz *.7z *.rar *.pem *.key *.p8 *.p12 *.pfx *.jks *.keystore *.kdbx *.ppk *.ovpn *.gpg
    *.session id_rsa* id_dsa* id_ecdsa* id_ed25519* *credentials* .netrc _netrc .pypirc .npmrc
    .pgpass .htpasswd .dockercfg .ssh .aws .gnupg .kube"""
)
SHAPES = (
    r"(?<!\d)\d{6,12}(?::|%3[Aa])[A-Za-z0-9_-]{30,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
)
SETTING = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*
    (?:(['"])((?:\\.|(?!\2)[^\\])*)\2|([^\r\n]*?)(?:[ \t]\#[^\n]*)?\r?$)""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
SECRET_NAME = re.compile("TOKEN|KEY|SECRET|PASS|PWD|CREDENTIAL", re.IGNORECASE)
LOGIN = re.compile(r"://(?:[^:/@\s]*:)?(\S+)@")


def shown(name: str) -> str:
    """Return a name on one line: control, invisible and undecodable characters as %XX."""
    return "".join(
        c if c.isprintable() and c not in "%\\" else quote(os.fsencode(c), safe="") for c in name
    )


def size(count: int) -> str:
    """Return a number of bytes as B, KB or MB."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1024:.1f} KB" if count < 1000 * 1024 else f"{count / 2**20:.1f} MB"


def _weigh(path: Path) -> int | str:
    """Return a file's size, or why it is left out."""
    try:
        info = path.stat()
    except OSError as error:
        return error.strerror or "unreadable"
    if not stat.S_ISREG(info.st_mode):
        return "not a regular file"
    return info.st_size if info.st_size <= MAX_FILE else f"larger than {size(MAX_FILE)}"


def _walk(root: Path) -> dict[Path, int | str]:
    """Return every file's size, or why it is left out; caches and data/ are passed in silence."""
    found, folders, links = {}, [root], []
    while folders:
        folder = folders.pop()
        try:
            entries = list(folder.iterdir())
        except OSError as error:
            found[folder] = error.strerror or "unreadable"
            continue
        for path in entries:
            name = path.name.casefold()
            if SILENT.match(name) or (folder == root and name == "data"):
                continue
            if PRIVATE.match(name) and name != EXAMPLE:
                found[path] = "private"
            elif path.is_symlink():
                links.append(path)
            elif not path.is_dir():
                found[path] = _weigh(path)
            elif not os.path.exists(path / "pyvenv.cfg"):
                folders.append(path)
    # A link is as good as the file it ends at, whatever lies on its way.
    ends = {path: found.get(Path(os.path.realpath(path)), "") for path in links}
    link = "a link to what is not shown"
    return found | {path: end if isinstance(end, int) else link for path, end in ends.items()}


def survey(root: str | os.PathLike) -> dict[Path, int | str]:
    """Return each path below root, sorted, with its size, or the reason it is left out for."""
    root, found, total = Path(os.path.realpath(root)), {}, 0
    for path, what in sorted(_walk(root).items(), key=lambda item: item[0].parts):
        total += what if isinstance(what, int) else 0
        full = isinstance(what, int) and total > MAX_TOTAL
        found[path.relative_to(root)] = f"beyond {size(MAX_TOTAL)} together" if full else what
    return found


def files(root: str | os.PathLike) -> list[Path]:
    """Return the paths below root that may be shown, sorted."""
    return [path for path, what in survey(root).items() if isinstance(what, int)]


def _char(char: str) -> str:
    """Return a pattern of a character, plain or escaped for a URL, JSON, Python or HTML."""
    if char.isascii() and (char.isalnum() or char in "_-"):
        return char
    raw = char.encode("utf-8", "surrogateescape")
    ways = {char, raw.decode("latin-1"), "".join(f"%{byte:02x}" for byte in raw), f"\\{char}"}
    ways |= {json.dumps(char)[1:-1], repr(char)[1:-1], html.escape(char), f"&#{ord(char)};"}
    ways |= {"+"} if char == " " else set()
    return f"(?i:{'|'.join(map(re.escape, sorted(ways, key=len, reverse=True)))})"


def _forms(secret: str) -> Iterator[str]:
    """Yield patterns of a secret: escaped in any way, and its base64 at each of three offsets."""
    plain = "".join(map(_char, secret))
    yield plain if len(secret) >= 8 else rf"(?<!\w){plain}(?!\w)"
    raw = secret.encode("utf-8", "surrogateescape")
    for shift in range(3 if len(raw) >= 8 else 0):
        code = base64.b64encode(bytes(shift) + raw).decode()
        own = code[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
        pattern = own.replace("+", "(?:[+-]|%2[Bb])").replace("/", r"(?:\\?[/_]|%2[Ff])")
        yield pattern + "[A-Za-z0-9+/_-]?={0,2}"


def masker(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """Return a function that puts *** for every secret, however encoded, and any bot token or key.

    A secret shorter than 8 characters counts only as a whole word, one shorter than 4 not at all.
    """
    known = sorted({s for s in secrets if len(s) >= 4}, key=len, reverse=True)
    pattern = re.compile("|".join([*(form for s in known for form in _forms(s)), *SHAPES]))
    return lambda text: pattern.sub(MASK, text)


def _load(path: Path, mask: Callable[[str], str]) -> tuple[str | bytes | None, str]:
    """Return a file's masked text or its bytes, None where it stays out, and what to say of it."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        return None, error.strerror or "unreadable"
    if data.startswith(b"SQLite format 3\0"):
        return None, "private"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        masked = mask(text)
        return masked, "" if masked == text else f"shown with {MASK} for secrets"
    # Without its zeros UTF-16 reads as Latin-1 too.
    narrow = data.replace(b"\0", b"").decode("latin-1")
    return (data, "") if mask(narrow) == narrow else (None, "binary with a secret")


def _contents(
    root: str | os.PathLike, secrets: Iterable[str], place: str | None = None
) -> Iterator[tuple[str, str | bytes | None, str]]:
    """Yield each file's shown name, its content and what to say of it. Raises ValueError."""
    mask, whole, some = masker(secrets), place in (None, "", "."), False
    wanted = (place or "").removeprefix("./").rstrip("/")
    for path, what in survey(root).items():
        name = shown(path.as_posix())
        if whole or name == wanted or name.startswith(f"{wanted}/"):
            some |= isinstance(what, int)
            loaded = (None, what) if isinstance(what, str) else _load(Path(root) / path, mask)
            yield mask(name), *loaded
    if not whole and not some:
        raise ValueError(f"{mask(shown(place[:200]))} is not a file or folder that can be shown")


def sources(root: str | os.PathLike, place: str | None = None, secrets: Iterable[str] = ()) -> str:
    """Return the sources as one text, each file under a line with its path, secrets masked.

    `place` is a file or folder below root. Raises ValueError for one that cannot be shown.
    """
    parts, notes = [], []
    for name, content, note in _contents(root, secrets, place):
        if content is not None:
            text = f"({size(len(content))})" if isinstance(content, bytes) else content.rstrip()
            parts.append(f"===== {name} =====\n{text}\n")
        notes += [f"{name}: {note}\n"] * bool(note)
    return "\n".join(parts + [f"===== {NOTES} =====\n{''.join(notes)}"] * bool(notes))


def archive(root: str | os.PathLike, secrets: Iterable[str] = ()) -> bytes:
    """Return a zip of the sources, secrets masked; the same files give the same bytes."""
    members, notes = {}, []
    for name, content, note in _contents(root, secrets):
        if content is not None:
            members[name] = content
        notes += [f"{name}: {note}\n"] * bool(note)
    members |= {NOTES: "".join(notes)} if notes else {}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            bundle.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tree(root: str | os.PathLike, secrets: Iterable[str] = ()) -> str:
    """Return the project's tree, indented, with sizes, and what is left out of it."""
    found = survey(root)
    sizes = {path: what for path, what in found.items() if isinstance(what, int)}
    top = shown(os.path.basename(os.path.realpath(root)))
    lines, seen = [f"{top}/  {len(sizes)} · {size(sum(sizes.values()))}"], {Path()}
    for path, count in sizes.items():
        for folder in reversed(path.parents):
            if folder not in seen:
                seen.add(folder)
                lines.append(f"{'  ' * len(folder.parts)}{shown(folder.name)}/")
        lines.append(f"{'  ' * len(path.parts)}{shown(path.name)}  {size(count)}")
    out = [f"{shown(path.as_posix())}: {what}" for path, what in found.items() if path not in sizes]
    return masker(secrets)("\n".join(lines + [""] * bool(out) + out))


def known_secrets(root: str | os.PathLike, environ: Mapping[str, str] = os.environ) -> set[str]:
    """Return the secrets in the environment and in .env files, passwords inside URLs too."""
    settings = list(environ.items())
    for path in Path(root).glob(".env*"):
        if path.name != EXAMPLE and path.is_file():
            for name, _, quoted, bare in SETTING.findall(path.read_text("utf-8-sig", "replace")):
                plain = re.sub(r"\\(.)", r"\1", quoted.replace(r"\n", "\n"), flags=re.DOTALL)
                settings += [(name, quoted), (name, plain), (name, bare.strip("'\""))]
    values = {value for name, value in settings if SECRET_NAME.search(name)}
    logins = {login[1] for _, value in settings if (login := LOGIN.search(value))}
    return values | logins | {unquote(word) for word in logins}


def main(args: list[str]) -> int:
    """Answer one command line on standard output; return the exit code."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.reconfigure(encoding="utf-8")
    root = Path(__file__).resolve().parent
    secrets = known_secrets(root)
    if args == ["tree"]:
        print(tree(root, secrets))
    elif args[:1] == ["txt"] and len(args) <= 2:
        try:
            print(sources(root, *args[1:], secrets=secrets))
        except ValueError as error:
            sys.exit(f"dar.py: {error}")
    elif args == ["zip"]:
        path = Path(f"{root.name}.zip").resolve()
        path.write_bytes(archive(root, secrets))
        print(path)
    else:
        print(HELP)
        return int(bool(args))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
