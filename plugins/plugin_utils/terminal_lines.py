"""What a person at a terminal is shown of a playbook, one line for each event. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

FIRST_WAIT_SECONDS = 10
WAIT_SECONDS = 30


def duration(seconds: float) -> str:
    """Return ``12 s`` or ``3 min 05 s``."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def stage(name: str, rest_seconds: float | None) -> str:
    """Return a stage's heading; ``rest_seconds`` is how long it and what follows took the last time."""
    known = "" if rest_seconds is None else f"   (from here to the end: {duration(rest_seconds)} last time)"
    return f"\n==> {name}{known}"


def rest(last: Mapping[str, float], spent: Mapping[str, float], name: str) -> float | None:
    """Return how long stage ``name`` and those after it took last time, or None where that is not known.

    A stage that runs once for each host begins several times: what it has ``spent`` already is over.
    """
    if name not in last:
        return None
    after = sum(seconds for other, seconds in last.items() if other not in spent and other != name)
    return after + max(0.0, last[name] - spent.get(name, 0.0))


def changed(task: str, hosts: Mapping[str, int], seconds: float) -> str:
    """Return the line of a task that changed ``hosts``, each with how many of its items."""
    items = max(hosts.values())
    many = f" ({items} items)" if items > 1 else ""
    took = f"   {duration(seconds)}" if seconds >= 1 else ""
    return f"  changed   {task}{many}   {_named(hosts)}{took}"


def waiting(task: str, hosts: Mapping[str, str], seconds: float) -> str:
    """Return the line that says what is waited for: ``hosts``, each with how often it was tried."""
    named = {f"{host} (try {tries})" if tries else host: tries for host, tries in hosts.items()}
    return f"  waiting   {task}   {_named(named)}   {duration(seconds)} so far"


def next_wait(seconds: float) -> float:
    """Return when the next line about a task is due that has run for ``seconds``."""
    if seconds < FIRST_WAIT_SECONDS:
        return FIRST_WAIT_SECONDS
    return (seconds // WAIT_SECONDS + 1) * WAIT_SECONDS


def message(text: str) -> str:
    """Return the text of a message, indented below its stage."""
    return "\n" + "\n".join(f"  {line}".rstrip() for line in text.splitlines()) + "\n"


def end(seconds: float, changes: int, check: bool, lost: Mapping[str, Sequence[str]], log: str) -> str:
    """Return the last line: how it ended, how long it took, where everything is written.

    ``changes`` is how many tasks changed something, or in ``check`` mode would; ``lost`` the hosts by how.
    """
    named = "".join(f" {how}: {_named(hosts)}." for how, hosts in lost.items() if hosts)
    tasks = {0: "no task", 1: "one task"}.get(changes, f"{changes} tasks")
    did = f"{tasks} {'would change' if check else 'changed'} something"
    line = f"==> {'Stopped after' if named else 'Finished in'} {duration(seconds)}: {did}.{named}"
    return f"\n{line}{f' Everything is in {log}.' if log else ''}"


def _named(hosts: Iterable[str]) -> str:
    names = sorted(hosts)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
