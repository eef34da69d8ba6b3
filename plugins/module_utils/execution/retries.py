"""Which errors go away by themselves. (Throttling and broken reads are botocore's to repeat.)"""

from __future__ import annotations

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from ..aws.errors import code_of
from ..errors import NotVisibleYetError

CONSISTENCY_SECONDS = 90.0
"""How long AWS may take until what was just created is visible everywhere. Usually under 10."""

RELEASE_SECONDS = 300.0
"""How long AWS may take until what used a resource has let go of it (a load balancer's interfaces)."""

_NOT_YET_VISIBLE = {
    "InvalidVpcID.NotFound",
    "InvalidVpcId.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidSubnetId.NotFound",
    "InvalidGroup.NotFound",
    "InvalidGroupId.NotFound",
    "InvalidSecurityGroupID.NotFound",
    "InvalidSecurityGroupRuleId.NotFound",
    "InvalidRouteTableID.NotFound",
    "InvalidRouteTableId.NotFound",
    "InvalidInternetGatewayID.NotFound",
    "InvalidInternetGatewayId.NotFound",
    "InvalidAllocationID.NotFound",
    "InvalidNatGatewayID.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidKeyPair.NotFound",
    "NatGatewayNotFound",
    "NoSuchEntity",
    "NoSuchBucket",
    "TargetGroupNotFound",
    "LoadBalancerNotFound",
    "ListenerNotFound",
    "CertificateNotFound",
}
_BUSY = {
    "IncorrectState",
    "IncorrectInstanceState",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "OperationAborted",
    "OperationAbortedException",
    "OperationInProgress",
    "PriorRequestNotComplete",
    "InvalidRequestException.Pending",
}
_STILL_USED = {
    "DependencyViolation",
    "DeleteConflict",
    "ResourceInUse",
    "ResourceInUseException",
    "InvalidIPAddress.InUse",
    "InvalidGroup.InUse",
    "Gateway.NotAttached",
    "BucketNotEmpty",
}
_EXISTS = {
    "BucketAlreadyOwnedByYou",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
    "EntityAlreadyExists",
    "InvalidGroup.Duplicate",
    "InvalidKeyPair.Duplicate",
    "InvalidPermission.Duplicate",
    "ParameterAlreadyExists",
    "RepositoryAlreadyExistsException",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
}
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


def reply_lost(error: Exception) -> bool:
    """Whether the request may have been carried out although no answer came."""
    return isinstance(error, HTTPClientError) and not isinstance(error, _NOT_SENT)


def is_not_there(error: Exception) -> bool:
    """Whether AWS says that there is no such thing: not yet, or not any more."""
    code = code_of(error)
    return code in _NOT_YET_VISIBLE or "NotFound" in code


def is_there_already(error: Exception) -> bool:
    """Whether a creation was refused because there is one already: ours, if a look finds it with our tags.

    A kind that can tell that it is somebody else's raises ``AirliftError`` instead.
    """
    return code_of(error) in _EXISTS


def is_transient(error: Exception) -> bool:
    """Whether a creation or an update that got ``error`` can succeed a little later, unchanged."""
    if isinstance(error, NotVisibleYetError):
        return True
    code = code_of(error)
    text = str(error)
    profile_not_visible = code in {"InvalidParameterValue", "InvalidParameterCombination"} and (
        "Instance Profile" in text or "iamInstanceProfile" in text
    )
    role_not_visible = code in {"MalformedPolicyDocument", "InvalidParameterException"} and "rincipal" in text
    # A load balancer writes a test object when its access log is switched on; the bucket's policy may be new.
    bucket_policy_not_visible = code == "InvalidConfigurationRequest" and "ccess Denied" in text
    return code in _NOT_YET_VISIBLE | _BUSY or any(
        (profile_not_visible, role_not_visible, bucket_policy_not_visible)
    )


def is_in_use(error: Exception) -> bool:
    """Whether a deletion that got ``error`` can succeed once others have let go."""
    return code_of(error) in _STILL_USED | _BUSY
