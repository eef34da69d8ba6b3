"""Errors of AWS's that pass by themselves, as each service words them. What a kind meets, it declares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passing:
    """An error by its ``code``, and by ``words`` of its message where the code says too little by itself."""

    code: str
    words: str = ""

    def is_it(self, code: str, message: str) -> bool:
        """Whether an answer with ``code`` and ``message`` is this error."""
        return self.code == code and self.words.lower() in message.lower()


def codes(*names: str) -> tuple[Passing, ...]:
    """Return errors whose code says it all."""
    return tuple(Passing(name) for name in names)


EC2_NOT_VISIBLE = codes(
    *("InvalidVpcID.NotFound", "InvalidVpcId.NotFound"),
    *("InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"),
    *("InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidSecurityGroupID.NotFound"),
    *("InvalidSecurityGroupRuleId.NotFound", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound"),
    *("InvalidInternetGatewayID.NotFound", "InvalidInternetGatewayId.NotFound"),
    *("InvalidGatewayID.NotFound", "NatGatewayNotFound", "InvalidNatGatewayID.NotFound"),
    *("InvalidAllocationID.NotFound", "InvalidElasticIpID.NotFound"),
    *("InvalidInstanceID.NotFound", "InvalidKeyPair.NotFound"),
)
"""EC2 has not heard yet of what it has just made.

https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

EC2_STILL_USED = codes(
    *("DependencyViolation", "InvalidIPAddress.InUse", "InvalidGroup.InUse", "Gateway.NotAttached")
)
IAM_NOT_VISIBLE = (Passing("NoSuchEntity"), Passing("MalformedPolicyDocument", "principal"))
IAM_STILL_USED = codes("DeleteConflict")
PROFILE_NOT_VISIBLE = tuple(
    Passing(code, words)
    for code in ("InvalidParameterValue", "InvalidParameterCombination")
    for words in ("Instance Profile", "iamInstanceProfile")
)
"""IAM says that a profile exists before EC2 knows it."""

BUSY = codes(
    *("IncorrectState", "IncorrectInstanceState"),
    *("ConcurrentModification", "ConcurrentModificationException"),
    *("OperationAborted", "OperationAbortedException"),
    *("OperationInProgress", "PriorRequestNotComplete", "InvalidRequestException.Pending"),
)
"""Something else is being done to the same thing: of every service."""
