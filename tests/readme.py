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
    cells += [" | "] * (len(cells) % 2)
    pairs = zip(cells[::2], cells[1::2], strict=True)
    head = ["| command | what it does | command | what it does |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {left} | {right} |" for left, right in pairs)])


def settings_table() -> str:
    """Return the settings with their defaults and what they are for, all addresses in one row."""
    rows = ["| setting | default | for |", "|---|---|---|"]
    addresses = []
    for item in config.described():
        if str(item.metadata["default"]).startswith("https://"):
            addresses += [f"`{name}`" for name in item.metadata["names"]]
            continue
        names = ", ".join(f"`{name}`" for name in item.metadata["names"])
        default = "cores, 2 at most" if item.name == "pool_size" else item.metadata["default"]
        rows.append(f"| {names} | {default or '—'} | {item.metadata['en']} |")
    rows.append(
        f"| {', '.join(addresses)} | their public addresses | markets and Telegram elsewhere |"
    )
    return "\n".join(rows)


def filled(text: str) -> str:
    """Return the README with its tables as the code has them."""
    for mark, table in (("commands", command_table()), ("settings", settings_table())):
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
