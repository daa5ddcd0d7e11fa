"""The README's tables from the code: `python -m tests.readme` writes them."""

import re
from pathlib import Path

import commands
import config

README = Path(__file__).parent.parent / "README.md"


def command_table() -> str:
    """Return the commands by name, two a row, with what they do in both languages."""
    own = {command.name: command for command in commands.load().values()}
    cells = []
    for name in sorted(own):
        (tr, usage), (en, _) = own[name].about("tr"), own[name].about("en")
        cells.append(f"`{usage.replace('|', chr(92) + '|')}` | {tr}<br>{en}")
    return paired("command | what it does", cells)


def paired(head: str, cells: list[str]) -> str:
    """Return a table of two cells a row."""
    cells = cells + [" | "] * (len(cells) % 2)
    pairs = zip(cells[::2], cells[1::2], strict=True)
    lines = [f"{head} | {head}", "---|---|---|---", *(" | ".join(pair) for pair in pairs)]
    return "\n".join(f"| {line} |" for line in lines)


def settings_table() -> str:
    """Return the settings with their defaults, two a row, all addresses in one cell."""
    cells, addresses = [], []
    for item in config.described():
        if str(item.metadata["default"]).startswith("https://"):
            addresses += [f"`{name}`" for name in item.metadata["names"]]
            continue
        names = ", ".join(f"`{name}`" for name in item.metadata["names"])
        default = "cores, 2 at most" if item.name == "pool_size" else item.metadata["default"]
        cells.append(f"{names} | {item.metadata['en']} ({default or '—'})")
    cells.append(f"{', '.join(addresses)} | markets and Telegram elsewhere (public addresses)")
    return paired("setting | for (default)", cells)


def filled(text: str) -> str:
    """Return the README with its tables as the code has them."""
    for mark, table in (("commands", command_table()), ("settings", settings_table())):
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
