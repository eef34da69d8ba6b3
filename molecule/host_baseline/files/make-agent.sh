#!/bin/sh
# Packs what stands in for the SSM agent, which is in no archive that the tests reach: a service of its name.
set -eu
root=$(mktemp --directory)
chmod 755 "$root"
install -d "$root/DEBIAN" "$root/usr/bin" "$root/lib/systemd/system" /srv/packages
cat >"$root/DEBIAN/control" <<'END'
Package: amazon-ssm-agent
Version: 99.0
Architecture: all
Maintainer: Nobody <nobody@airlift.invalid>
Description: stands in for AWS's package in a test
END
printf '#!/bin/sh\nexec sleep infinity\n' >"$root/usr/bin/amazon-ssm-agent"
chmod 755 "$root/usr/bin/amazon-ssm-agent"
cat >"$root/lib/systemd/system/amazon-ssm-agent.service" <<'END'
[Service]
ExecStart=/usr/bin/amazon-ssm-agent
[Install]
WantedBy=multi-user.target
END
find "$root" -exec touch --date=@0 {} +
SOURCE_DATE_EPOCH=0 dpkg-deb --root-owner-group -Znone --build "$root" /srv/packages/amazon-ssm-agent.deb >/dev/null
rm -r "$root"
sha256sum /srv/packages/amazon-ssm-agent.deb | cut -d' ' -f1
