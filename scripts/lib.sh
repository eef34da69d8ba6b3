# shellcheck shell=bash
# What the scripts share: words on the screen, and doing things as root.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DOCKERD_PID_FILE=/run/airlift-dockerd.pid
DOCKERD_LOG=/var/log/airlift-dockerd.log
export ROOT DOCKERD_PID_FILE DOCKERD_LOG

# Compiling every module again costs each command more than a second.
unset PYTHONDONTWRITEBYTECODE

# Ansible refuses a locale that is not UTF-8.
if [ "$(locale charmap 2>/dev/null)" != UTF-8 ]; then export LC_ALL=C.UTF-8; fi

# Programs differ in which spelling of a proxy's variable they read.
for name in http_proxy https_proxy no_proxy; do
  upper=${name^^}
  if [ -z "${!name:-}" ] && [ -n "${!upper:-}" ]; then export "$name=${!upper}"; fi
done

# Where a network signs TLS anew, the system trusts the authority that does it; uv has a list of its own.
export UV_SYSTEM_CERTS=true

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

docker_answers_root() { [ "$(id -u)" -ne 0 ] && as_root docker info >/dev/null 2>&1; }

in_docker_group() { case " $(id -nG "$@") " in *" docker "*) return 0 ;; *) return 1 ;; esac }

# Who joined the group docker after logging in has it from the next login on. This begins a script again with it.
join_docker_group() { # the script and its arguments
  if [ "$(id -u)" -eq 0 ] || in_docker_group || ! in_docker_group "$(id -un)" || docker_answers; then return 0; fi
  exec sg docker -c "exec ${*@Q}"
}

has_program() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }

start_engine() {
  if runs_systemd; then
    as_root systemctl start docker
  else
    # The embedded AWS's registry is on this machine, under a name that only /etc/hosts knows.
    export no_proxy="${no_proxy:+$no_proxy,}localhost,127.0.0.1,123456789012.dkr.ecr.us-east-1.amazonaws.com"
    # shellcheck disable=SC2016 # expanded by the inner shell, as root
    as_root sh -c 'setsid dockerd --pidfile "$1" >"$2" 2>&1 </dev/null &' sh "$DOCKERD_PID_FILE" "$DOCKERD_LOG"
  fi
}

engine_comes_up() {
  local _
  for _ in $(seq 60); do
    if docker_answers; then return 0; fi
    # Up, but not for this user: waiting longer changes nothing.
    if docker_answers_root; then return 1; fi
    sleep 0.5
  done
  return 1
}
