"""What to do about an error, by the code that AWS gives it."""

from __future__ import annotations

import re

_QUOTA = "Ask for a higher quota in the Service Quotas console ({what}), or delete what is no longer used."
AGAIN = "Run the same command again; it goes on from here."

_THEIRS = "AWS has a problem of its own. " + AGAIN
_SLOWER = "AWS is limiting this account's calls: wait a minute. " + AGAIN
WRONG_KEY = "Check access_key and secret_key, the profile, or the AWS_ variables of the environment."
_PROVISION = "Run playbooks/provision.yml."
_TAKEN = "Something that Airlift did not make has this name: choose another stack name, or delete it."
_USED = "Something that Airlift did not make still uses it: find it in the console and remove it."
_KEY = "Set compute.ssh_public_key to one line of OpenSSH's form (ssh-ed25519 AAAA… or ssh-rsa AAAA…)."
_IMAGE = "Set compute.image_name and compute.image_owners to an image of this region."

_QUOTAS = {
    "VpcLimitExceeded": "VPCs per Region, L-F678F1CE",
    "AddressLimitExceeded": "EC2-VPC Elastic IPs, L-0263D0A3",
    "NatGatewayLimitExceeded": "NAT gateways per Availability Zone, L-FE5A380F",
    "InternetGatewayLimitExceeded": "Internet gateways per Region, L-A4707A72",
    "SubnetLimitExceeded": "Subnets per VPC, L-407747CB",
    "RouteTableLimitExceeded": "Route tables per VPC, L-589F43AA",
    "RouteLimitExceeded": "Routes per route table, L-93826ACB",
    "VpcEndpointLimitExceeded": "Gateway VPC endpoints per Region, L-1B52E74A",
    "SecurityGroupLimitExceeded": "VPC security groups per Region, L-E79EC296",
    "RulesPerSecurityGroupLimitExceeded": "Inbound or outbound rules per security group, L-0EA8095F",
    "VcpuLimitExceeded": "the vCPUs of this instance family: L-1216C47A for standard, L-DB2E81BA for G",
    "MaxSpotInstanceCountExceeded": "All Spot Instance Requests of this family, such as L-34B43A08",
    "InstanceLimitExceeded": "Running On-Demand instances of this family",
    "VolumeLimitExceeded": "EBS storage of this volume type",
    "TooManyLoadBalancers": "Application Load Balancers per Region, L-53DA6B97",
    "TooManyTargetGroups": "Target Groups per Region, L-B22855CB",
    "TooManyListeners": "Listeners per Application Load Balancer, L-B6DF7632",
    "TooManyBuckets": "General purpose buckets, L-DC2B2D3D",
    "LimitExceeded": "the one that the message names",
    "LimitExceededException": "the one that the message names",
    "ServiceQuotaExceededException": "the one that the message names",
    "ParameterLimitExceeded": "Parameters per Region, or delete unused ones",
}

_BY_CODE = {
    "InsufficientInstanceCapacity": (
        "AWS has none of these left in that zone now: take another compute.instance_type, or try again later."
    ),
    "InsufficientAddressCapacity": "AWS has no free Elastic IP in this region now: try again later.",
    "Unsupported": "Take another compute.instance_type: this one is not offered in that zone.",
    "SpotMaxPriceTooLow": "Set compute.spot to false, or try again later.",
    "InvalidKeyPair.Format": _KEY,
    "InvalidKey.Format": _KEY,
    "InvalidAMIID.NotFound": _IMAGE,
    "InvalidAMIID.Malformed": _IMAGE,
    "InvalidInstanceType": "Set compute.instance_type to a type that this region offers.",
    "VolumeModificationRateExceeded": (
        "AWS changes a volume a few times a day at most (four within 24 hours): try again later, or put "
        "compute.volume_gib, volume_iops and volume_throughput_mibps back."
    ),
    "IncorrectModificationState": (
        "AWS is still at the last change of this volume, which can take hours: run the same command again "
        "then."
    ),
    "ExpiredToken": "The credentials expired meanwhile: sign in again. " + AGAIN,
    "ExpiredTokenException": "The credentials expired meanwhile: sign in again. " + AGAIN,
    "RequestExpired": "Set this machine's clock, or sign in again. " + AGAIN,
    "OptInRequired": "Subscribe to the service, or enable the region, in the AWS console.",
    "PendingVerification": "AWS is still verifying the account for this region: try again in an hour.",
    "Blocked": "AWS has blocked this account: see the Support Center.",
    "BucketAlreadyExists": "Another account owns a bucket of this name: choose another stack name.",
    "EntityAlreadyExists": _TAKEN,
    "EntityAlreadyExistsException": _TAKEN,
    "InvalidGroup.Duplicate": _TAKEN,
    "RepositoryAlreadyExistsException": _TAKEN,
    "ResourceExistsException": _TAKEN,
    "DuplicateLoadBalancerName": _TAKEN,
    "DuplicateTargetGroupName": _TAKEN,
    "DependencyViolation": _USED,
    "DeleteConflict": _USED,
    "ResourceInUse": _USED,
    "ResourceInUseException": _USED,
    "BucketNotEmpty": "Something is still writing to it: stop that. " + AGAIN,
    "OperationNotPermitted": "Set ingress.deletion_protection to false and provision before you remove it.",
    "InvalidSubnet.Conflict": "Another subnet has these addresses: change network.cidr, or remove it.",
    "InvalidVpc.Range": "Set network.cidr to a block between /16 and /24.",
    "InvalidSubnet.Range": "Set network.cidr to a block that is large enough for its zones.",
    "Throttling": _SLOWER,
    "ThrottlingException": _SLOWER,
    "RequestLimitExceeded": _SLOWER,
    "ServiceUnavailable": _THEIRS,
    "Unavailable": _THEIRS,
    "InternalError": _THEIRS,
    "InternalFailure": _THEIRS,
    "500": _THEIRS,
    "InvalidClientTokenId": WRONG_KEY,
    "UnrecognizedClientException": WRONG_KEY,
    "SignatureDoesNotMatch": WRONG_KEY,
    "IncompleteSignature": WRONG_KEY,
    "ResourceNotFoundException": _PROVISION,
    "ParameterNotFound": _PROVISION,
    "NotAvailableOnEmbeddedAWS": "AWS itself has it.",
}

_DENIED = {
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedException",
    "AuthorizationError",
}

_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:\w+)")


def remedy(code: str, message: str = "", operation: str = "") -> str:
    """Return what to do about the error ``code`` that the call ``operation`` (CreateVpc) got."""
    if code in _QUOTAS:
        return _QUOTA.format(what=_QUOTAS[code])
    if code in _DENIED:
        return f"Allow {_denied_action(code, message, operation)} to these credentials, or use others."
    return _BY_CODE.get(code, AGAIN)


def _denied_action(code: str, message: str, operation: str) -> str:
    """Return the IAM action that was refused, as far as the answer says it."""
    named = _ACTION.search(message)
    if named:
        return named[1]
    return f"ec2:{operation}" if code == "UnauthorizedOperation" else f"the action {operation}"
