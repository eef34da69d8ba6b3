"""One step at a time for each instance."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping

import docker

from localcloud import backends, docker_engine
from localcloud.backends import InstanceView
from localcloud.docker_engine import Container
from localcloud.ec2 import machine
from localcloud.ec2.decide import Found, Step, decide
from localcloud.ec2.jobs import Jobs
from localcloud.log import logger
from localcloud.plane import Context, Network

LOG = logger("ec2")
SSH_PORT = 22
BOOT_SECONDS = 120.0
"""An instance that runs so long without answering on port 22 is called running all the same, as EC2 does."""
WATCH_SECONDS = 0.2
STOP_SECONDS = 30
REBOOT_EXIT = 129
"""A container whose init asks the kernel to reboot dies of SIGHUP."""
INTERNAL_ERROR = "Server.InternalError"
SHUT_DOWN = "Client.InstanceInitiatedShutdown"


class Instances:
    """Takes every instance towards the state that EC2's backend wants."""

    def __init__(
        self,
        context: Context,
        client: Callable[[], docker.DockerClient],
        networks: Callable[[], Mapping[str, Network]],
    ) -> None:
        self._context = context
        self._client = client
        self._networks = networks
        self._jobs = Jobs(context.wake)
        self._booting: dict[str, float] = {}
        self._reboots: set[str] = set()

    def reboot(self, instance_id: str) -> None:
        """Reboot it at the next round."""
        self._reboots.add(instance_id)

    def busy(self) -> frozenset[str]:
        """Ids of the instances that a job works on, or soon will."""
        return self._jobs.keys()

    def reconcile(
        self, views: list[InstanceView], found: Mapping[str, Container], busy: frozenset[str]
    ) -> None:
        """Begin the next step of each instance that was not `busy` when one began to look at them."""
        for view in views:
            if view.id not in busy:
                self._advance(view, found.get(view.id))
        self._remove_unknown_containers({view.id for view in views}, found)
        if any(view.state == "pending" for view in views):
            timer = threading.Timer(WATCH_SECONDS, self._context.wake)
            timer.daemon = True
            timer.start()

    def close(self) -> None:
        """Wait for what runs."""
        self._jobs.close()

    def fail(self, view: InstanceView, message: str) -> None:
        """EC2 terminates what it cannot launch, and says why."""
        LOG.error("%s cannot be launched: %s", view.id, message)
        backends.set_state(view, "terminated", INTERNAL_ERROR, message)

    def _advance(self, view: InstanceView, container: Container | None) -> None:
        found = Found.NONE if container is None else Found.RUNNING if container.running else Found.EXITED
        step = decide(view.state, found, booting=view.id in self._booting)
        if step is Step.NOTHING and view.id in self._reboots:
            self._reboots.discard(view.id)
            self._start_job(view, lambda: self._reboot(view))
        elif step is Step.CREATE:
            self._start_job(view, lambda: self._create(view))
        elif step is Step.START:
            self._start_job(view, lambda: self._start(view))
        elif step is Step.STOP:
            self._start_job(view, lambda: self._stop(view))
        elif step is Step.REMOVE:
            self._start_job(view, lambda: self._remove(view.id))
        else:
            self._settle(view, container, step)

    def _settle(self, view: InstanceView, container: Container | None, step: Step) -> None:
        """The steps that take no time."""
        if step is Step.WATCH:
            self._watch(view)
        elif step is Step.FAIL:
            self._booting.pop(view.id, None)
            backends.set_state(view, "stopped", INTERNAL_ERROR, "The container ended while it booted.")
        elif step is Step.BURY:
            self._bury(view, container)
        elif step is Step.STOPPED:
            backends.set_state(view, "stopped")
        elif step is Step.TERMINATED:
            backends.set_state(view, "terminated")

    def _start_job(self, view: InstanceView, work: Callable[[], None]) -> None:
        self._jobs.run(view.id, work, lambda error: self._failed(view, error))

    def _failed(self, view: InstanceView, error: Exception) -> None:
        self._booting.pop(view.id, None)
        if view.state == "pending":
            self.fail(view, str(error))

    def _create(self, view: InstanceView) -> None:
        image = backends.docker_image(view)
        network = self._networks().get(view.vpc_id)
        if image is None:
            self.fail(view, f"No container image is known for {view.image_id}.")
            return
        if network is None:
            return
        planned = machine.plan_machine(
            self._context.settings, view, image, network, self._context.guests(network.gateway)
        )
        began = time.monotonic()
        machine.create(self._client(), planned)
        LOG.info("%s is container %s at %s", view.id, planned.name, planned.address)
        self._start(view)
        LOG.info("%s was made and started in %.1f s", view.id, time.monotonic() - began)

    def _start(self, view: InstanceView) -> None:
        self._client().api.start(self._name(view.id))
        self._booting[view.id] = time.monotonic()

    def _stop(self, view: InstanceView) -> None:
        self._booting.pop(view.id, None)
        self._client().api.stop(self._name(view.id), timeout=STOP_SECONDS)
        LOG.info("%s has stopped", view.id)

    def _reboot(self, view: InstanceView) -> None:
        self._client().api.restart(self._name(view.id), timeout=STOP_SECONDS)
        LOG.info("%s has been rebooted", view.id)

    def _remove(self, instance_id: str) -> None:
        self._booting.pop(instance_id, None)
        client = self._client()
        docker_engine.remove_container(client, self._name(instance_id))
        docker_engine.remove_volume(client, machine.volume_name(self._name(instance_id)))
        LOG.info("%s is removed", instance_id)

    def _watch(self, view: InstanceView) -> None:
        began = self._booting.setdefault(view.id, time.monotonic())
        seconds = time.monotonic() - began
        if _answers(view.private_ip) or seconds > BOOT_SECONDS:
            self._booting.pop(view.id, None)
            if backends.set_state(view, "running"):
                LOG.info("%s runs at %s; it booted in %.1f s", view.id, view.private_ip, seconds)

    def _bury(self, view: InstanceView, container: Container | None) -> None:
        code = docker_engine.exit_code(self._client(), container.id) if container else None
        if code == REBOOT_EXIT:
            LOG.info("%s reboots itself", view.id)
            self._start_job(view, lambda: self._client().api.start(self._name(view.id)))
            return
        LOG.warning("%s ended by itself, with exit code %s", view.id, code)
        shut_down = code in (0, 130, 143)
        if (shut_down and view.terminate_on_shutdown) or backends.in_scaling_group(view):
            backends.terminate(view)
        elif shut_down:
            backends.set_state(view, "stopped", SHUT_DOWN, "Instance initiated shutdown")
        else:
            backends.set_state(view, "stopped", INTERNAL_ERROR, "The container died.")

    def _remove_unknown_containers(self, known: set[str], found: Mapping[str, Container]) -> None:
        for instance_id in found.keys() - known:
            if instance_id:
                self._jobs.run(instance_id, lambda key=instance_id: self._remove(key), lambda _: None)  # type: ignore[misc]

    def _name(self, instance_id: str) -> str:
        return self._context.settings.container_name(instance_id)


def _answers(address: str) -> bool:
    try:
        socket.create_connection((address, SSH_PORT), timeout=WATCH_SECONDS).close()
    except OSError:
        return False
    return True
