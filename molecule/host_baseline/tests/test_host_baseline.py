"""What a host must be after the role host_baseline."""

import pytest
from testinfra.host import Host

TRUE_ANSWER_TO_NOTHING = 0


def test_sshd_takes_keys_only(host: Host) -> None:
    effective = host.check_output("sshd -T -C user=admin,host=localhost,addr=127.0.0.1").splitlines()
    for wanted in (
        "permitrootlogin no",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "authenticationmethods publickey",
        "maxauthtries 4",
    ):
        assert wanted in effective
    assert host.service("ssh").is_running
