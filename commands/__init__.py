"""The loader: every file of this folder is a command, by its name and its two-line docstring."""

import importlib
import inspect
import logging
import pkgutil
import re
import sys
from types import ModuleType

from bot import Command
from roles import ADMIN, READER, TRADER

log = logging.getLogger("dort5bot")

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
GROUPS = ("prices", "flow", "analysis", "markets", "alarms", "trading", "tools")


def load(folder: list[str] | None = None, package: str = __name__) -> dict[str, Command]:
    """Return every command by its name and aliases; one that does not load keeps its name."""
    registry: dict[str, Command] = {}
    for name in sorted(info.name for info in pkgutil.iter_modules(folder or __path__)):
        command = load_one(name, package)
        taken = [word for word in (name, *command.aliases) if word in registry]
        if taken:
            command = broken(name, f"the name {taken[0]} is taken by {registry[taken[0]].name}")
            log.error("command %s: %s", name, command.error)
        for word in (name, *command.aliases):
            registry.setdefault(word, command)
    return registry


def load_one(name: str, package: str) -> Command:
    """Return one command, or one that says why it could not be loaded."""
    try:
        module = importlib.import_module(f"{package}.{name}")
        return read(name, module)
    except Exception as error:
        log.exception("command %s does not load", name)
        sys.modules.pop(f"{package}.{name}", None)
        return broken(name, f"{type(error).__name__}: {error}")


def broken(name: str, error: str) -> Command:
    """Return a command that only says it failed to load."""
    return Command(name, None, error=error)


def read(name: str, module: ModuleType) -> Command:
    """Return the command a module is. Raises ValueError where it breaks the contract."""
    lines = inspect.cleandoc(module.__doc__ or "").splitlines()
    aliases = tuple(getattr(module, "ALIASES", ()))
    group = getattr(module, "GROUP", "tools")
    run = getattr(module, "run", None)
    if len(lines) != 2 or not all(lines):
        raise ValueError("the docstring must be two lines: Turkish, English")
    if not callable(run):
        raise ValueError("run(ctx) is missing")
    if not all(NAME.fullmatch(word) for word in (name, *aliases)):
        raise ValueError("names are a-z, 0-9 and _, 32 at most")
    if group not in GROUPS:
        raise ValueError(f"GROUP must be one of {', '.join(GROUPS)}")
    words = ("SECRET", "HEAVY", "ALWAYS")
    policy = {key.lower(): bool(getattr(module, key, False)) for key in words}
    more = getattr(module, "MORE", ("", ""))
    needed = role(module, group)
    return Command(name, run, lines[0], lines[1], aliases, group, needed, **policy, more=more)


def role(module: ModuleType, group: str) -> str:
    """Return the role a command needs. Raises ValueError where it is not said as it should be."""
    needed = getattr(module, "ROLE", READER)
    if needed not in (READER, TRADER, ADMIN) or hasattr(module, "ADMIN"):
        raise ValueError(f"ROLE must be {READER}, {TRADER} or {ADMIN}")
    if group == "trading" and needed == READER:
        raise ValueError(f'a command that trades needs ROLE = "{TRADER}"')
    return needed
