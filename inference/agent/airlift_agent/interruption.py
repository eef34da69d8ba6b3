"""The watcher: a spot host that is about to be taken away leaves the load balancer in time.

``/health`` answers 503 from the notice on; everything else goes on as before, so that no request is lost
while the load balancer finds out. Amazon gives two minutes
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .config import DEFAULT_PATH, Config, load
from .errors import AirliftError
from .files import write
from .imds import Metadata
from .proxy import Proxy

LIFE_CYCLE = "instance-life-cycle"
NOTICE = "spot/instance-action"
RECOMMENDATION = "events/recommendations/rebalance"
POLL_SECONDS = 5
LEAVING = {"leaving": "1"}

Say = Callable[[str], None]


class Watcher:
    """What is known of this host's future. ``look`` is one round; it never raises DeliveryError."""

    def __init__(self, config: Config, metadata: Metadata, proxy: Proxy, say: Say) -> None:
        """Nothing is asked yet."""
        self._config, self._metadata, self._proxy = config, metadata, proxy
        self._say, self._said = say, dict[str, str]()

    def spot(self) -> bool | None:
        """Whether this is a spot instance; None while the metadata service does not say."""
        try:
            found = self._metadata.get(LIFE_CYCLE)
        except AirliftError as error:
            self._once("metadata", str(error))
            return None
        return found == "spot"

    def look(self) -> bool:
        """Ask once, and have the edge say so; whether the host is about to go, as far as is known."""
        try:
            notice = self._metadata.get(NOTICE)
            recommendation = self._metadata.get(RECOMMENDATION)
        except AirliftError as error:
            self._once("metadata", str(error))
            return False
        self._said.pop("metadata", None)
        self._once("notice", f"This spot instance will be taken away: {notice}." if notice else "")
        self._once(
            "recommendation",
            f"This spot instance runs an elevated risk of interruption: {recommendation}."
            if recommendation
            else "",
        )
        self._tell_edge(leaving=notice is not None)
        return notice is not None

    def _tell_edge(self, *, leaving: bool) -> None:
        """Compare with the running HAProxy each time: a restart or a hand may have undone it."""
        wanted = LEAVING if leaving else {}
        path = self._config.host_map
        try:
            if self._proxy.map(path) != wanted:
                text = "".join(f"{key} {value}\n" for key, value in wanted.items())
                write(path, text, 0o640, self._config.haproxy_group)
                self._proxy.replace_map(path, wanted)
                self._say(f"/health answers {'503' if leaving else 'by the engines'} from now on.")
        except (AirliftError, OSError) as error:
            self._once("edge", str(error))
        else:
            self._said.pop("edge", None)

    def _once(self, topic: str, text: str) -> None:
        """Say it when it is news: this is asked every five seconds."""
        if text and self._said.get(topic) != text:
            self._say(text)
        self._said[topic] = text


def watch(watcher: Watcher, sleep: Callable[[float], None], say: Say) -> int:
    """Look for as long as the process lives; return 0 where there is nothing to watch."""
    while (spot := watcher.spot()) is None:
        sleep(POLL_SECONDS)
    if not spot:
        say("This host is no spot instance: nobody takes it away.")
        return 0
    say("Watching for a spot interruption.")
    while True:
        watcher.look()
        sleep(POLL_SECONDS)


def main(arguments: list[str] | None = None) -> int:
    """Run the watcher. 0: nothing to watch; 1: the configuration cannot be used."""
    parser = argparse.ArgumentParser(description="Leave the load balancer before a spot interruption.")
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, help="default: %(default)s")

    def say(line: str) -> None:
        print(line, flush=True)

    try:
        config = load(parser.parse_args(arguments).config)
    except AirliftError as error:
        print(error, file=sys.stderr)
        return 1
    proxy = Proxy(Path(config.haproxy_socket), Path(config.haproxy_state_file))
    return watch(Watcher(config, Metadata(), proxy, say), time.sleep, say)


if __name__ == "__main__":
    sys.exit(main())
