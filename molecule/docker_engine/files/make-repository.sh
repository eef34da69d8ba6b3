#!/bin/sh
# Makes a signed apt repository of Docker's kind: dockerd, docker and containerd as Debian 13 builds them, under the
# names of Docker's packages, for both releases of Debian. Prints the key's fingerprint.
set -eu
root=$1
rm -rf "$root" /root/repository-key
export GNUPGHOME=/root/repository-key
work=$(mktemp --directory)
chmod 755 "$work"
cd "$work"
install -d -m 700 "$GNUPGHOME"
apt-get download --quiet=2 docker.io docker-cli containerd

pack() { # from, to, what it replaces, its dependencies
  dpkg-deb --raw-extract "$1"_*.deb "$2"
  sed -i -E -e "s/^Package: .*/Package: $2/" -e "s/^Version: .*/Version: 5:99.0.1/" \
    -e '/^(Source|Depends|Recommends|Suggests|Breaks|Replaces|Conflicts|Built-Using|Static-Built-Using|Provides|Enhances):/d' \
    -e "/^Package:/a Conflicts: $3\nReplaces: $3\nDepends: $4" "$2/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone --build "$2" "$2.deb" >/dev/null
}
pack docker.io docker-ce docker.io 'containerd.io, docker-ce-cli, iptables, adduser'
pack docker-cli docker-ce-cli docker-cli 'libc6'
pack containerd containerd.io containerd 'runc, libc6'

mkdir -p "$root/pool"
mv ./*.io.deb ./docker-ce.deb ./docker-ce-cli.deb "$root/pool"
cd "$root"
gpg --batch --quiet --passphrase '' --quick-generate-key 'A repository in a test' rsa3072 sign 1d
gpg --armor --export >gpg
for release in bookworm trixie; do
  path=dists/$release/stable/binary-$(dpkg --print-architecture)
  mkdir -p "$path"
  apt-ftparchive packages pool >"$path/Packages"
  apt-ftparchive -o APT::FTPArchive::Release::Suite="$release" -o APT::FTPArchive::Release::Codename="$release" \
    -o APT::FTPArchive::Release::Components=stable release "dists/$release" >"$work/Release"
  mv "$work/Release" "dists/$release/Release"
  gpg --batch --quiet --clearsign --output "dists/$release/InRelease" "dists/$release/Release"
done
rm -rf "$work"
gpg --with-colons --list-keys | sed -n 's/^fpr:*\([0-9A-F]*\):.*/\1/p'
