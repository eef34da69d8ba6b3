"""Spot interruptions on request: announced through the metadata service, then carried out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from localcloud import backends
from localcloud.backends import InstanceView
from localcloud.log import logger
from localcloud.replies import Reply, json_reply

LOG = logger("metadata")
NOTICE_SECONDS = 120
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
ACTIONS = ("terminate", "stop")


@dataclass(frozen=True)
class Interruption:
    """What will happen to a spot instance, and when."""

    action: str
    time: datetime

    @property
    def document(self) -> str:
        """What the instance reads at spot/instance-action."""
        return json.dumps({"action": self.action, "time": self.time.strftime(TIME_FORMAT)})


class Interruptions:
    """Those announced and not yet carried out, by instance id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._announced: dict[str, Interruption] = {}
        self._recommended: dict[str, datetime] = {}

    def recommend(self, body: Mapping[str, object]) -> Reply:
        """Answer POST rebalance-recommendation; raises ValueError where there is no such instance."""
        instance_id = _instance_id(body)
        with self._lock:
            self._recommended[instance_id] = datetime.now(UTC)
        LOG.info("%s is recommended to be replaced", instance_id)
        return json_reply(
            {"instance_id": instance_id, **json.loads(self.recommendation_of(instance_id) or "{}")}
        )

    def announce(self, body: Mapping[str, object]) -> Reply:
        """Answer POST spot-interruption; raises ValueError naming what is wrong."""
        instance_id, action = _instance_id(body), body.get("action", "terminate")
        seconds = body.get("in_seconds", NOTICE_SECONDS)
        if action not in ACTIONS:
            raise ValueError(f"action must be one of {', '.join(ACTIONS)}")
        if not isinstance(seconds, int) or seconds < 0:
            raise ValueError("in_seconds must be a whole number of seconds")
        notice = Interruption(str(action), datetime.now(UTC) + timedelta(seconds=seconds))
        with self._lock:
            self._announced[instance_id] = notice
        LOG.info("%s will be interrupted: %s", instance_id, notice.document)
        return json_reply({"instance_id": instance_id, **json.loads(notice.document)})

    def of(self, instance_id: str) -> str | None:
        """The document that the instance reads, or None."""
        with self._lock:
            notice = self._announced.get(instance_id)
        return notice.document if notice else None

    def recommendation_of(self, instance_id: str) -> str | None:
        """What the instance reads at events/recommendations/rebalance, or None."""
        with self._lock:
            moment = self._recommended.get(instance_id)
        return json.dumps({"noticeTime": moment.strftime(TIME_FORMAT)}) if moment else None

    def carry_out(self, views: Iterable[InstanceView]) -> None:
        """Do what is due."""
        now = datetime.now(UTC)
        for view in views:
            with self._lock:
                notice = self._announced.get(view.id)
                if notice is None or notice.time > now:
                    continue
                del self._announced[view.id]
            LOG.info("%s is interrupted: %s", view.id, notice.action)
            if notice.action == "terminate":
                backends.terminate(view)
            else:
                backends.stop(view)


def _instance_id(body: Mapping[str, object]) -> str:
    instance_id = body.get("instance_id")
    if instance_id not in {view.id for view in backends.instances()}:
        raise ValueError(f"no instance {instance_id!r}")
    return str(instance_id)
