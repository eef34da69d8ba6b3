"""The options of the hosts, a layer of ``options.StackOptions``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ..option_schema.declared import Option

MAX_HOSTS = 20


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """The hosts."""

    count: Annotated[
        int, Option("How many. They are spread over the zones.", minimum=0, maximum=MAX_HOSTS)
    ] = 2
    instance_type: Annotated[str, Option("The EC2 instance type.")] = "m7i.large"
    image_name: Annotated[
        str,
        Option(
            "The name of the image, in which V(*) stands for anything and C({architecture}) for that of "
            "O(compute.instance_type), V(amd64) or V(arm64). The newest one is taken for new hosts; existing "
            "hosts keep theirs."
        ),
    ] = "debian-13-{architecture}-*"
    image_owners: Annotated[
        tuple[str, ...],
        Option("Whose images count, by account id or alias. The default is Debian's account."),
    ] = ("136693071363",)
    volume_gib: Annotated[
        int,
        Option("The size of the encrypted root volume, in GiB. It can grow.", minimum=8, maximum=16384),
    ] = 30
    volume_iops: Annotated[
        int | None,
        Option(
            "The root volume's operations a second. By default what it has; a new one has 3000, which "
            "is free.",
            minimum=3000,
            maximum=80000,
        ),
    ] = None
    volume_throughput_mibps: Annotated[
        int | None,
        Option(
            "The root volume's throughput in MiB/s, at most a quarter of its operations a second. By default "
            "what it has; a new one has 125, which is free.",
            minimum=125,
            maximum=2000,
        ),
    ] = None
    spot: Annotated[bool, Option("Whether the hosts are spot instances.")] = False
    hop_limit: Annotated[
        int,
        Option(
            "How many network hops the metadata service answers over. V(1) keeps containers away from it; "
            "V(2) is for containers that have to reach it.",
            minimum=1,
            maximum=2,
        ),
    ] = 1
    access: Annotated[
        Literal["ssh", "ssm", "both"],
        Option(
            "Whether hosts are reached by SSH or through SSM, over no open port. V(both) leads from one to "
            "the other: SSH is closed only where the agents of all hosts answer."
        ),
    ] = "ssh"
    ssh_public_key: Annotated[
        str | None,
        Option(
            "The public key that hosts accept, a line in OpenSSH's form. Needed unless O(compute.access=ssm)."
        ),
    ] = None
