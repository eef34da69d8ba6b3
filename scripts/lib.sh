# shellcheck shell=bash
# What the scripts share: words on the screen, and doing things as root.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BASE_IMAGE=airlift/debian:13
DEBIAN_RELEASE=trixie
DOCKERD_PID_FILE=/run/airlift-dockerd.pid
DOCKERD_LOG=/var/log/airlift-dockerd.log
export ROOT BASE_IMAGE DEBIAN_RELEASE DOCKERD_PID_FILE DOCKERD_LOG

say() { printf '==> %s\n' "$*"; }

die() { # one sentence of what is wrong, one of what to do
  printf 'airlift: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo --preserve-env=http_proxy,https_proxy,no_proxy,DEBIAN_FRONTEND "$@"; fi
}

runs_systemd() { [ -d /run/systemd/system ]; }

docker_answers() { docker info >/dev/null 2>&1; }
