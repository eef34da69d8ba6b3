"""The inventory plugin: the instances of a stack, found by tag."""

from __future__ import annotations

DOCUMENTATION = r"""
name: airlift
short_description: Hosts of an Airlift stack
description:
  - Lists the EC2 instances that carry the tag C(airlift:stack) of one stack, with one paginated
    DescribeInstances.
  - Groups them as C(airlift_<stack>), C(airlift_hosts) (those that run), C(role_<role>), C(az_<zone>) and
    C(state_<state>).
  - SSH host keys come from the instances' tags C(airlift:host-keys) and are pinned in a known_hosts file.
    M(airlift.stack.host_keys), which C(playbooks/configure.yml) runs, writes the tag from the console output
    of the first boot. A host without the tag is listed, and ssh refuses it until that has run. Nothing is
    asked of AWS for a single host.
  - Nothing that comes from a tag is ever evaluated as a template.
  - Options that are not set here come from the variables of the group C(all) beside this file, or from C(-e).
  - O(compose), O(groups) and O(keyed_groups) see what a host is given here, C(airlift_instance_id),
    C(airlift_instance_type), C(airlift_instance_state), C(airlift_instance_tags) (a dictionary),
    C(airlift_key), C(airlift_role), C(airlift_zone), C(airlift_private_address), C(airlift_account_id).
extends_documentation_fragment: [inventory_cache, constructed]
options:
  plugin:
    description: The name of this plugin, C(airlift.stack.airlift).
    required: true
    type: str
  stack:
    description: The stack's name.
    type: str
    vars: [{name: airlift_stack_name}]
  region:
    description: The AWS region, for example C(eu-central-1).
    type: str
    vars: [{name: airlift_region}]
  endpoint_url:
    description: An endpoint in place of AWS itself. The environment's E(AWS_ENDPOINT_URL) wins over it.
    type: str
    vars: [{name: airlift_endpoint_url}]
  profile:
    description: A profile of the AWS configuration files. Unset, the usual chain of credentials applies.
    type: str
    vars: [{name: airlift_profile}]
  access_key:
    description: An access key id, where the usual chain of credentials is not wanted.
    type: str
    vars: [{name: airlift_access_key}]
  secret_key:
    description: The secret that belongs to O(access_key).
    type: str
    vars: [{name: airlift_secret_key}]
  session_token:
    description: The session token of temporary credentials.
    type: str
    vars: [{name: airlift_session_token}]
  access:
    description:
      - How Ansible reaches the hosts, over SSH at their private addresses or over SSM Run Command.
      - Unset, the C(access) of the variable C(airlift_compute).
    type: str
    choices: [ssh, ssm]
    default: ssh
    vars: [{name: airlift_access}]
  user:
    description: The user to log in as. Debian's images have C(admin).
    type: str
    default: admin
    vars: [{name: airlift_user}]
  hostnames:
    description:
      - What a host is called. With C(key) it is the stack and the instance's key, C(airlift-host-1), which
        stays when the instance is replaced.
    type: str
    choices: [key, instance_id, private_address]
    default: key
  state_directory:
    description:
      - The directory of the file C(known_hosts), in which SSH host keys are pinned.
      - A relative path begins where ansible.cfg lies.
    type: str
    default: .airlift
    vars: [{name: airlift_state_directory}]
  ignore_unreachable_endpoint:
    description: List no hosts, and say nothing, while nobody answers at O(endpoint_url).
    type: bool
    default: false
"""

EXAMPLES = r"""
# inventory/production/airlift.yml, with airlift_stack_name and airlift_region in group_vars/all.yml beside it
plugin: airlift.stack.airlift

---
# Everything in one file
plugin: airlift.stack.airlift
stack: demo
region: eu-central-1
access: ssm

---
# Groups and variables of your own: type_m7i_large, environment_production, first_zone
plugin: airlift.stack.airlift
keyed_groups:
  - {prefix: type, key: airlift_instance_type}
  - {prefix: environment, key: airlift_instance_tags.environment}
groups:
  first_zone: airlift_zone.endswith('a')
compose:
  ansible_host: "airlift_instance_tags.Name ~ '.hosts.example.com'"
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.plugins.loader import vars_loader
from ansible_collections.airlift.stack.plugins.module_utils.aws.errors import wording
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack_name import stack_name_faults
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.inventory import hosts, source

CREDENTIALS = ("access_key", "secret_key", "session_token")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Lists the hosts of one stack."""

    NAME = "airlift.stack.airlift"
    _vars: dict[str, Any]

    def verify_file(self, path: str) -> bool:
        """Whether ``path`` is a configuration of this plugin, by its name."""
        return bool(super().verify_file(path)) and path.endswith(("airlift.yml", "airlift.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Add the stack's hosts to ``inventory``. Raises AnsibleParserError in words for the owner."""
        super().parse(inventory, loader, path, cache)
        extra, self._vars = self._vars, self._variables(path)
        self._read_config_data(path)
        self._vars = extra
        access = self._access()
        inventory.add_group(hosts.HOSTS_GROUP)
        inventory.add_group(hosts.group_name("airlift", access.stack))
        for host in hosts.hosts(self._instances(path, access, cache), access, self.get_option("hostnames")):
            inventory.add_host(host.name)
            for group in host.groups:
                inventory.add_child(inventory.add_group(group), host.name)
            for name, value in host.variables.items():
                inventory.set_variable(host.name, name, value)
            self._construct(host)

    def _construct(self, host: hosts.Host) -> None:
        """Add the variables and groups that the owner's expressions make of the host's variables."""
        strict, variables = self.get_option("strict"), dict(host.variables)
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict)

    def _variables(self, path: str) -> dict[str, Any]:
        """Return the variables that options may come from: group ``all`` beside the file, and extra vars."""
        group_vars = vars_loader.get("host_group_vars")
        beside = group_vars.get_vars(self.loader, str(Path(path).parent), [self.inventory.groups["all"]])
        raw = {**beside, **self._vars, "inventory_dir": str(Path(path).resolve().parent)}
        templar = self.templar.copy_with_new_env(available_variables=raw)
        compute = raw.get("airlift_compute")
        if isinstance(compute, Mapping) and "access" in compute:
            raw.setdefault("airlift_access", compute["access"])
        options = self.option_definitions.values()
        names = [variable["name"] for option in options for variable in option.get("vars") or ()]
        wanted = {name: templar.template(raw[name]) for name in names if name in raw}
        return {name: value for name, value in wanted.items() if value not in (None, "")}

    def _access(self) -> hosts.Access:
        stack, region = self.get_option("stack"), self.get_option("region")
        if faults := stack_name_faults(stack, "airlift_stack_name"):
            raise AnsibleParserError(f"Failed to read the inventory: {faults[0]}")
        if not region:
            said = "Failed to read the inventory: no region. Set airlift_region, as in us-east-1."
            raise AnsibleParserError(said)
        return hosts.Access(
            stack=stack,
            region=region,
            connection=self.get_option("access"),
            user=self.get_option("user"),
            known_hosts=_project_directory() / self.get_option("state_directory") / "known_hosts",
            profile=self.get_option("profile"),
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or self.get_option("endpoint_url"),
            credentials=self._credentials_of_the_file(),
        )

    def _credentials_of_the_file(self) -> dict[str, str]:
        """Return the credentials that only this plugin's file has, where the connection cannot see them."""
        given = {name: self.get_option_and_origin(name) for name in CREDENTIALS}
        return {name: value for name, (value, origin) in given.items() if value and "var:" not in origin}

    def _instances(self, path: str, access: hosts.Access, cache: bool) -> list[hosts.Instance]:
        """Return the stack's instances: from the cache where the owner wants one and it may be used."""
        caching = self.get_option("cache")
        key = self.get_cache_key(f"{path}:{access.stack}:{access.region}:{access.endpoint_url}")
        if caching and cache and key in self.cache:
            return [hosts.Instance(**kept) for kept in self.cache[key]]
        found = self._ask(access)
        if caching:
            self.cache[key] = [asdict(instance) for instance in found]
        return found

    def _ask(self, access: hosts.Access) -> list[hosts.Instance]:
        """Return the instances that AWS has, and keep the pinned host keys in step with them."""
        ignore = self.get_option("ignore_unreachable_endpoint")
        if ignore and access.endpoint_url and not source.answers(access.endpoint_url):
            return []
        try:
            session = Session(self._connection(access))
            what = f"hosts of stack {access.stack}"
            with wording("list", what, session.region, endpoint_url=session.endpoint_url):
                found = source.stack_instances(session.client("ec2"), access.stack)
                if access.connection == "ssh":
                    self._pin(found, access)
        except (AirliftError, OSError) as error:
            raise AnsibleParserError(str(error)) from None
        return found

    def _connection(self, access: hosts.Access) -> Connection:
        keys = {name: self.get_option(name) for name in CREDENTIALS}
        return Connection(access.region, access.profile, access.endpoint_url, **keys)

    def _pin(self, found: list[hosts.Instance], access: hosts.Access) -> None:
        unknown, differing = source.pin_tagged(found, access)
        if unknown:
            self.display.vv(
                f"The SSH host keys of {', '.join(unknown)} are not known here and in no tag: ssh refuses "
                "the host until playbooks/configure.yml has read them from its console."
            )
        if differing:
            self.display.warning(
                f"The tag {hosts.HOST_KEYS_TAG} of {', '.join(differing)} has other keys than "
                f"{access.known_hosts}, which counts. Somebody changed one of them."
            )


def _project_directory() -> Path:
    return Path(constants.CONFIG_FILE).resolve().parent if constants.CONFIG_FILE else Path.cwd()
