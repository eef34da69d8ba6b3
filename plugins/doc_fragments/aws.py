"""Options by which every module of the collection reaches AWS."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The AWS region.
      - Without it, E(AWS_REGION) and then the profile's region are used.
    type: str
  profile:
    description: A profile of the AWS configuration files. Without it, E(AWS_PROFILE) is used.
    type: str
  endpoint_url:
    description:
      - Where to send all calls in place of AWS, such as the address of an embedded AWS.
      - E(AWS_ENDPOINT_URL) in the environment wins over it.
    type: str
  access_key:
    description:
      - An access key id.
      - Without it, credentials come from the environment, the profile or the machine's role.
    type: str
  secret_key:
    description: The secret that belongs to O(access_key).
    type: str
  session_token:
    description: The session token, where the credentials are temporary.
    type: str
requirements:
  - python >= 3.12
  - boto3
notes:
  - E(AWS_MAX_ATTEMPTS) sets how often a throttled or failed call is tried; the default is 6.
"""
