# shellcheck shell=bash
# What the scripts share: words on the screen, and doing things as root.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DOCKERD_PID_FILE=/run/airlift-dockerd.pid
DOCKERD_LOG=/var/log/airlift-dockerd.log
export ROOT DOCKERD_PID_FILE DOCKERD_LOG

# Compiling every module again costs each command more than a second.
unset PYTHONDONTWRITEBYTECODE

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

has_program() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }

start_engine() {
  if runs_systemd; then
    as_root systemctl start docker
  else
    # shellcheck disable=SC2016 # expanded by the inner shell, as root
    as_root sh -c 'setsid dockerd --pidfile "$1" >"$2" 2>&1 </dev/null &' sh "$DOCKERD_PID_FILE" "$DOCKERD_LOG"
  fi
}

engine_comes_up() {
  local _
  for _ in $(seq 60); do
    if docker_answers; then return 0; fi
    # Up, but not for this user: waiting longer changes nothing.
    if [ "$(id -u)" -ne 0 ] && as_root docker info >/dev/null 2>&1; then return 1; fi
    sleep 0.5
  done
  return 1
}
