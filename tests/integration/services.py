"""The whole stack in an account on moto, for the tests of everything that is no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from unittest.mock import patch

from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack import build
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.graph import validate
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import removal
from ansible_collections.airlift.stack.plugins.module_utils.resources.registry import KINDS
from moto.acm.models import AWSCertificateManagerBackend
from moto.s3.models import FakeBucket

from localcloud.certificates import imported_again_as_acm_does, kept_while_in_use
from localcloud.moto_corrections import judged_before
from tests.integration.account import ACCOUNT, REGION, Account, account_with
from tests.pki import Pair, issue

KEYS = {"access_key": "LKIAKINDSTEST", "secret_key": "a-secret-of-the-tests-of-kinds"}
FACTS = Facts(
    ACCOUNT, REGION, ("us-east-1a", "us-east-1b"), image_id="ami-0123456789abcdef0", new_api_key="al-first"
)
SSH_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1rG8rVh8dCw3iZ0H1i8P0m3cQj2V0YzYcN2c3q0b6r somebody@example.org"
)


@dataclass
class Services(Account):
    """An account with every service; what holds data goes only when it is said."""

    def remove(self, *, data: bool = False) -> None:
        self._run(removal(self.found(), self.kinds, data_may_go=data))

    def one(self, key: str, wanted: Sequence[Wanted] = ()) -> Found:
        return next(one for one in self.found(wanted) if one.key == key)


@contextmanager
def services(*kinds: str) -> Iterator[Services]:
    """Serve an empty account to the kinds named, all if none is."""
    acm = AWSCertificateManagerBackend
    corrected = (
        (FakeBucket, "get_permission", judged_before),
        (acm, "import_certificate", imported_again_as_acm_does),
        (acm, "delete_certificate", kept_while_in_use),
    )
    with ExitStack() as stack:
        for owner, name, correction in corrected:
            stack.enter_context(patch.object(owner, name, correction(getattr(owner, name))))
        account = stack.enter_context(account_with(*(kinds or KINDS)))
        yield Services(account.moto, account.session, account.kinds)


def fresh(account: Services) -> Services:
    """Return the account as a new process sees it: nothing remembered."""
    before = account.session
    return replace(
        account, session=Session(Connection(region=REGION, endpoint_url=before.endpoint_url, **KEYS))
    )


@cache
def certificate() -> Pair:
    return issue("airlift.test")


def blueprint(facts: Facts = FACTS, **layers: object) -> list[Wanted]:
    """Return the whole default stack, with options of ``layers`` changed."""
    options: dict[str, object] = {"name": "airlift", "region": REGION, **layers}
    options["compute"] = {"ssh_public_key": SSH_KEY, **_layer(layers, "compute")}
    options["ingress"] = {
        "domain": "airlift.test",
        "certificate": certificate().pem,
        "private_key": certificate().key_pem,
        **_layer(layers, "ingress"),
    }
    return list(build(StackOptions.parse(options), facts))


def only(wanted: Sequence[Wanted], *kinds: str) -> list[Wanted]:
    """Return those of some kinds, in an order in which they can be made."""
    return list(validate(one for one in wanted if one.kind in kinds))


def _layer(layers: dict[str, object], name: str) -> dict[str, object]:
    layer = layers.get(name, {})
    assert isinstance(layer, dict)
    return layer
