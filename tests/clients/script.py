"""The script: what a good model would answer to the prompts of the scenarios.

It knows no client. It looks which tools it was offered and calls one by that tool's own schema, then answers
from what the tool gave.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.clients.conversation import Answer, Call, Request, Say, Tool

NUMBERS = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)

PONG = "Reply with the single word pong."
COUNT = "Count from one to twelve in words."
READ = "Read the file notes.txt with a tool, then tell me the secret word that it holds."
EDIT = "In the file fruit.txt replace the word apple by the word pear."
STORY = "Tell me a story that never ends."
TALE = "Tell me a tale of fifty words, slowly."
TALE_BEGINS, TALE_ENDS = "Once", "marmalade."

SECRET = re.compile(r"secret word is (\w+)")
DIRECTORY = re.compile(r"working (?:in the )?directory[^/\n]{0,20}(/[^\s<,`'\"]+)", re.IGNORECASE)
EDITORS = ("edit", "replace", "str_replace", "edit_file")
READERS = ("read", "read_file", "view", "cat")
SHELLS = ("exec_command", "shell_command", "shell", "bash", "run_shell_command", "execute_shell_command")


def answer(request: Request) -> Answer:
    """Return what the script says to a request. A prompt that it does not know gets two words."""
    for place in range(len(request.turns) - 1, -1, -1):
        role, text = request.turns[place]
        for prompt, reply in PROMPTS.items():
            if role == "user" and prompt in text:
                results = [said for who, said in request.turns[place + 1 :] if who == "tool"]
                return reply(request, results)
    return say("Hello there.")


def say(text: str, seconds_between: float = 0.0) -> Say:
    """Return a text as the words that a model would give one by one."""
    return Say(tuple(re.findall(r"\S+\s*|\s+", text)), seconds_between)


def _read(request: Request, results: Sequence[str]) -> Answer:
    if results:
        found = SECRET.search(results[-1])
        return say(f"It is {found[1]}." if found else "The tool did not show it.")
    if tool := _offered(request, READERS):
        return _call(request, tool, path="notes.txt")
    if tool := _offered(request, SHELLS):
        return _call(request, tool, command="cat notes.txt")
    return say("I was offered no tool that reads files.")


def _edit(request: Request, results: Sequence[str]) -> Answer:
    editor, reader = _offered(request, EDITORS), _offered(request, READERS)
    if editor and reader:
        # Editors want a file to have been read.
        if not results:
            return _call(request, reader, path="fruit.txt")
        if len(results) == 1:
            return _call(request, editor, path="fruit.txt", old="apple", new="pear")
    elif not results and (shell := _offered(request, SHELLS)):
        return _call(request, shell, command="sed -i s/apple/pear/ fruit.txt")
    if results:
        return say("Done.")
    return say("fruit.txt\n```\nI like a pear.\n```\n")


PROMPTS: dict[str, Callable[[Request, Sequence[str]], Answer]] = {
    PONG: lambda *_: say("pong"),
    COUNT: lambda *_: say(" ".join(NUMBERS), 0.05),
    READ: _read,
    EDIT: _edit,
    TALE: lambda *_: say(f"{TALE_BEGINS} there was {'a hill and then ' * 12}{TALE_ENDS}", 0.1),
    STORY: lambda *_: Say(("And ", "then ", "they ", "walked ", "on. "), 0.1, endless=True),
}


def _offered(request: Request, names: Sequence[str]) -> Tool | None:
    by_name = {tool.name.lower(): tool for tool in request.tools}
    return next((by_name[name] for name in names if name in by_name), None)


MEANING = {
    "path": ("file_path", "filepath", "path", "absolute_path"),
    "old": ("old_string", "oldstring", "old_str"),
    "new": ("new_string", "newstring", "new_str"),
    "command": ("command", "cmd", "shell_command"),
}


def _call(request: Request, tool: Tool, **meant: str) -> Call:
    """Fill a tool's parameters, whatever they are called, and those that it requires besides."""
    arguments: dict[str, Any] = {}
    for meaning, value in meant.items():
        names = [name for name in tool.properties if name.lower() in MEANING[meaning]]
        for name in names[:1]:
            arguments[name] = _value(request, meaning, value, tool.properties[name])
    for name in tool.required:
        if name not in arguments:
            arguments[name] = _anything(tool.properties.get(name, {}))
    return Call(tool.name, arguments)


def _value(request: Request, meaning: str, value: str, schema: Any) -> Any:
    if meaning == "path" and "absolute" in schema.get("description", "").lower():
        return f"{_directory(request)}/{value}"
    return ["bash", "-lc", value] if schema.get("type") == "array" else value


def _directory(request: Request) -> str:
    """Return the directory that the client says it works in."""
    found = (DIRECTORY.search(text) for _, text in request.turns)
    return next((one[1] for one in found if one), "")


def _anything(schema: Any) -> Any:
    if choices := schema.get("enum"):
        return choices[0]
    kind = schema.get("type", "string")
    return {"string": "as asked", "integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}[
        kind
    ]
