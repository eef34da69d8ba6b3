"""Which instance profile an instance has: an association, made and replaced by itself.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
"""

from __future__ import annotations

from .ec2 import client
from .kind import Context


def set_profile(context: Context, identifier: str, profile: str) -> None:
    """Have the instance ``identifier`` act by the instance profile ``profile``, in place of any other."""
    ec2 = client(context)
    associations = ec2.describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [identifier]}]
    )["IamInstanceProfileAssociations"]
    current = [one["AssociationId"] for one in associations if one["State"] in ("associating", "associated")]
    if current:
        ec2.replace_iam_instance_profile_association(
            AssociationId=current[0], IamInstanceProfile={"Name": profile}
        )
    else:
        ec2.associate_iam_instance_profile(InstanceId=identifier, IamInstanceProfile={"Name": profile})
