#!/bin/sh
# Grow the partition and the file system that are mounted at / (or at $1) into their disk, and say "grown" if they did.
# cloud-init does the same at a boot; this is for a volume that grew meanwhile. With DRY_RUN=1 it only says so.
set -eu
mount=${1:-/}
source=$(findmnt --noheadings --output SOURCE "$mount")
type=$(findmnt --noheadings --output FSTYPE "$mount")
block=${SYSFS:-/sys}/class/block/$(basename "$(readlink -f "$source")")
[ -e "$block/partition" ] || exit 0 # no partition, nothing that growpart knows
number=$(cat "$block/partition")
disk=/dev/$(basename "$(dirname "$(readlink -f "$block")")")

# Before the first run there is no growpart to ask.
if [ "${DRY_RUN:-}" = 1 ] && ! command -v growpart >/dev/null; then exit 0; fi

# 0: it can grow, 1: it is as large as it can be.
room=0
growpart --dry-run "$disk" "$number" >/dev/null || room=$?
[ "$room" -le 1 ]
if [ "${DRY_RUN:-}" = 1 ]; then
  if [ "$room" = 0 ]; then echo grown; fi
  exit 0
fi
if [ "$room" = 0 ]; then growpart "$disk" "$number" >/dev/null; fi

# Also where the partition has grown already: a run may have been cut off in between.
size() { stat --file-system --format %b "$mount"; }
before=$(size)
case $type in
  ext*) resize2fs "$source" >/dev/null ;;
  xfs) xfs_growfs "$mount" >/dev/null ;;
esac
if [ "$(size)" != "$before" ]; then echo grown; fi
