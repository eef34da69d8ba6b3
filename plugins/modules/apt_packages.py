#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action of this name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_packages
short_description: Install packages, and ask apt only where one is absent
version_added: 0.1.0
description:
  - Asks dpkg, without a module, which of the packages are installed. Where all are, that is all.
  - Otherwise M(ansible.builtin.apt) refreshes the index if need be and installs what is absent. apt takes a
    second and more to say that there is nothing to do; dpkg does not.
options:
  name:
    description:
      - The packages, as V(name) or V(name=version). The version may have wildcards, as apt's.
    type: list
    elements: str
    required: true
  update_cache:
    description:
      - Whether the package index is refreshed even if no package is absent, as after a source was written. In
        check mode the source is not there and apt could not know its packages, so it is not asked.
    type: bool
    default: false
  cache_valid_time:
    description:
      - Where a package is absent, the index is refreshed first if it is older than these seconds, or empty.
        V(0) refreshes it always, as a source needs that was written by this run or one before.
    type: int
    default: 0
  install_recommends:
    description: As of M(ansible.builtin.apt).
    type: bool
  policy_rc_d:
    description: As of M(ansible.builtin.apt). V(101) keeps packages from starting their services.
    type: int
  allow_downgrade:
    description: As of M(ansible.builtin.apt).
    type: bool
    default: false
  lock_timeout:
    description: How many seconds to wait for another package manager.
    type: int
    default: 600
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description:
      - Says what would be installed. The index, a copy of what the sources offer, is refreshed all the same
        where it has to be, or apt could not know the packages.
    support: full
  diff_mode:
    description: Shows what M(ansible.builtin.apt) shows.
    support: partial
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Install the edge, and leave its first start to what configures it
  airlift.stack.apt_packages:
    name: [haproxy, socat]
    cache_valid_time: 3600
    install_recommends: false
    policy_rc_d: 101
"""

RETURN = r"""
absent:
  description: The packages among O(name) that dpkg did not have when it was asked.
  returned: always
  type: list
  elements: str
"""
