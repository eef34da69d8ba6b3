"""The embedded AWS: moto in a process of ours, with real programs behind what moto only pretends.

Importing it sets what moto reads from the environment once, at its own import.
"""

import os

os.environ.update(
    {
        # An account begins with no images but ours, and refuses what it does not have.
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "MOTO_ENABLE_AMI_VALIDATION": "true",
        "MOTO_ENABLE_KEYPAIR_VALIDATION": "true",
        "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
        "MOTO_ACM_VALIDATION_WAIT": "1",
        # Instances call a bare address: nothing in the host name is a bucket's.
        "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
    }
)
