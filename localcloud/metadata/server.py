"""The metadata service over HTTP. Who asks is told from the source address, which no instance can choose.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

from __future__ import annotations

import re
import socket
from http.server import BaseHTTPRequestHandler

from localcloud import backends, iam
from localcloud.backends import InstanceView
from localcloud.listeners import HttpServer
from localcloud.log import logger
from localcloud.metadata import credentials
from localcloud.metadata.credentials import Credentials
from localcloud.metadata.interruptions import Interruptions
from localcloud.metadata.tokens import Tokens
from localcloud.metadata.tree import Identity, look_up, tree

LOG = logger("metadata")
VERSION = re.compile(r"/(?:latest|\d{4}-\d\d-\d\d)(/.*)?")
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "X-aws-ec2-metadata-token"  # noqa: S105  # a header's name
CREDENTIALS = "meta-data/iam/security-credentials"


class MetadataServer(HttpServer):
    """One per VPC."""

    def __init__(self, address: str, port: int, interruptions: Interruptions) -> None:
        super().__init__((address, port), Handler)
        self.interruptions = interruptions
        self.tokens = Tokens()
        self.credentials = Credentials()


def metadata_server(address: str, port: int, interruptions: Interruptions) -> MetadataServer:
    """A server on a VPC's gateway address."""
    return MetadataServer(address, port, interruptions)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    server: MetadataServer

    def do_PUT(self) -> None:
        """`/latest/api/token`: a session token. Its packets go no further than the hop limit."""
        view = self._caller()
        if view is None:
            return
        if self.path != "/latest/api/token":
            self._answer(404, "")
        elif "X-Forwarded-For" in self.headers:
            self._answer(403, "")
        else:
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, view.metadata.hop_limit)
            self._issue(view)

    def _issue(self, view: InstanceView) -> None:
        seconds = self.headers.get(TTL_HEADER, "")
        try:
            token = self.server.tokens.issue(view.id, int(seconds))
        except ValueError:
            self._answer(400, "")
        else:
            self._answer(200, token, ((TTL_HEADER, seconds),))

    def do_GET(self) -> None:
        """Metadata, user data and the identity document."""
        view = self._caller()
        if view is None:
            return
        token = self.headers.get(TOKEN_HEADER)
        if token is None and view.metadata.tokens_required:
            self._answer(401, "")
            return
        if token is not None and not self.server.tokens.valid(view.id, token):
            self._answer(401, "")
            return
        if self.path.strip("/") == "":
            self._answer(200, "latest")
            return
        match = VERSION.fullmatch(self.path.partition("?")[0])
        content = self._content(view, (match.group(1) or "").strip("/")) if match else None
        if content is None:
            self._answer(404, "")
        else:
            self._answer(200, content)

    def _content(self, view: InstanceView, path: str) -> str | bytes | None:
        if path == "user-data":
            return view.user_data
        profile = iam.profile(view.profile_arn) if view.profile_arn else None
        if profile and profile.role_name and profile.role_arn:
            if path == CREDENTIALS:
                return profile.role_name
            if path == f"{CREDENTIALS}/{profile.role_name}":
                return self.server.credentials.document(view, profile.role_arn)
        identity = Identity(
            view=view,
            vpc_cidr=backends.vpc_cidr(view.region, view.vpc_id),
            subnet_cidr=backends.subnet_cidr(view.region, view.subnet_id),
            public_key=backends.public_key(view),
            tags=backends.instance_tags(view) if view.metadata.tags else {},
            profile_info=credentials.info(profile) if profile else None,
            role_name=profile.role_name if profile else None,
            interruption=self.server.interruptions.of(view.id),
            recommendation=self.server.interruptions.recommendation_of(view.id),
        )
        leaves = tree(identity)
        if view.user_data is not None:
            leaves["user-data"] = ""
        return look_up(leaves, path, view.key_name)

    def _caller(self) -> InstanceView | None:
        """The instance that asks; a stranger, or one whose endpoint is switched off, is answered here."""
        source = self.client_address[0]
        views = [view for view in backends.instances() if view.private_ip == source]
        alive = [view for view in views if view.state not in ("terminated", "shutting-down")]
        if not alive or not alive[0].metadata.enabled:
            self._answer(403 if alive else 404, "")
            return None
        return alive[0]

    def _answer(self, status: int, content: str | bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header(
            "Content-Type", "application/octet-stream" if isinstance(content, bytes) else "text/plain"
        )
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Only to the debug log, and never a header: tokens are in them."""
        LOG.debug("%s %s", self.client_address[0], format % args)
