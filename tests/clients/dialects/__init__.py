"""The dialects of llama.cpp's server: requests into ``Request``, an answer into bodies and events.

Keys and the order of events are those of the real engine: ``test_shapes.py`` compares both.
"""

from __future__ import annotations

from tests.clients.dialects.base import Dialect
from tests.clients.dialects.chat import Chat
from tests.clients.dialects.messages import Messages
from tests.clients.dialects.responses import Responses

DIALECTS: dict[str, type[Dialect]] = {
    "/v1/chat/completions": Chat,
    "/v1/responses": Responses,
    "/v1/messages": Messages,
}
