# Shared by the commands of tests/cluster and by the scripts beside this file. Sourced, never run.
# shellcheck shell=bash
# Sourced without arguments it sees the caller's: --help and --oar are taken here, for all commands alike.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}
# The comment at the head of the running command is its help.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

case ${1:-} in
-h | --help) usage; exit 0 ;;
--oar) ALPSCKPT_OAR=${2:-}; shift $(($# > 1 ? 2 : 1)) ;;
--oar=*) ALPSCKPT_OAR=${1#--oar=}; shift ;;
esac
export ALPSCKPT_OAR=${ALPSCKPT_OAR:-2.5}
version=$ALPSCKPT_OAR
case $version in
2.5 | 2.6) ;;
*) die "there is no OAR \"$version\" here: 2.5 or 2.6" ;;
esac
[ "$(id -u)" = 0 ] || die 'namespaces, mounts and control groups need root'

# In a chroot, entering a mount namespace leads out of it, to the machine's own root: what is meant for a host of the cluster
# would be done to the machine. There the mount that stands at / is another one than at the namespace's root.
in_chroot() {
  local at_slash='$5 == "/" { id = $1 } END { print id }' code=0 outside
  command -v nsenter >/dev/null || return 1
  outside=$(nsenter --target $$ --mount -- cat /proc/self/mountinfo 2>/dev/null) || code=$?
  case $code in
  0) [ "$(awk "$at_slash" <<<"$outside")" != "$(awk "$at_slash" /proc/self/mountinfo)" ] ;;
  126 | 127) return 0 ;; # not even cat is there outside
  *) return 1 ;;         # no right to enter one: that is told by others
  esac
}
! in_chroot || die 'this is a chroot, out of which the namespaces of the cluster would lead: run it on the machine itself, in a container or in a virtual machine (systemd-nspawn makes a container of this folder)'

commands=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
parts=$commands/parts
cache=${XDG_CACHE_HOME:-$HOME/.cache}/alpsckpt/oar-cluster
state=$cache/$version # of this cluster: the hosts' disks, /shared and /home
nodes=(node1 node2 node3)
hosts=(front "${nodes[@]}")
# shellcheck disable=SC2034 # for those that source this
{
  cores=4 # OAR's resources of a node
  users=(alice:2001 bob:2002)
}
network=10.88.0 # exists in the cluster's own network namespaces only
# Named after the path, so that clusters with different caches do not meet.
control_group=alpsckpt-oar-$version-$(printf %s "$state" | cksum | cut -d' ' -f1)
system_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

address() {
  case $1 in
  front) echo "$network.1" ;;
  node*) echo "$network.$((10 + ${1#node}))" ;;
  esac
}

known_host() {
  local host
  for host in "${hosts[@]}"; do [ "$host" = "$1" ] && return; done
  die "there is no host \"$1\": ${hosts[*]}"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# One command at a time changes the cluster. The lock is not inherited by what is started under it, and commands that call
# each other hold it once.
under_lock() {
  [ "${cluster_locked:-}" != "$state" ] || return 0
  local code=0
  mkdir -p "$cache"
  cluster_locked=$state flock --close --timeout 600 --conflict-exit-code 75 "$state.lock" "$0" "$@" || code=$?
  [ "$code" != 75 ] || die 'another command has been changing this cluster for ten minutes'
  exit "$code"
}

# Prints the pid of a host's process 1, or of the switch, as seen from here; nothing when it does not run. The time of its
# start guards against a pid in use again.
pid_of() {
  local pid start stat
  { read -r pid start <"$state/$1.pid"; } 2>/dev/null || return 0
  { read -ra stat <"/proc/$pid/stat"; } 2>/dev/null || return 0
  [ "${stat[21]}" != "$start" ] || echo "$pid"
}
runs() { [ -n "$(pid_of "$1")" ]; }
stopped() { ! runs "$1"; }
any_runs() {
  local name
  for name in switch "${hosts[@]}"; do ! runs "$name" || return 0; done
  return 1
}

# Cuts the power: with process 1 all processes of a host end, without a word, and its network is gone.
cut_power() {
  local pid
  pid=$(pid_of "$1")
  [ -z "$pid" ] || kill -9 "$pid"
  wait_for 20 stopped "$1" || die "$1 does not end"
  rm -f "$state/$1.pid"
}

# enter HOST COMMAND...: becomes the command, as root in all namespaces of the host.
enter() {
  local pid tasks
  pid=$(pid_of "$1")
  [ -n "$pid" ] || die "$1 is not running"
  shift
  # Entering a cgroup namespace moves nobody into its control groups.
  for tasks in "/proc/$pid/root/sys/fs/cgroup/"{*/tasks,{,unified/}init/cgroup.procs}; do
    [ ! -e "$tasks" ] || echo "$BASHPID" >"$tasks"
  done
  ulimit -S -n 4096 # OAR's daemons close every descriptor up to the limit, one by one
  exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup -- \
    env -i PATH="$system_path" HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 \
    TERM="${TERM:-dumb}" ${COLORTERM:+COLORTERM="$COLORTERM"} "$@"
}
in_host() { (enter "$@"); }
sql() { in_host front su postgres -c 'psql -qAt oar' <<<"$1"; }

# Whether the kernel's control groups are v2 for what OAR needs: the cpuset controller is in no v1 hierarchy.
unified() { ! grep -qE '^[1-9][0-9]*:([^:]*,)?cpuset[,:]' /proc/self/cgroup; }

# The cgroup v1 hierarchies of a host, one a line, as mount options.
hierarchies() {
  if ! unified; then
    sed -nE '/:name=/d; s/^[1-9][0-9]*:([^:]*):.*/\1/p' /proc/self/cgroup
  elif [ "$version" = 2.5 ]; then
    # OAR 2.5 speaks v1 only. Freezer has no v2 form and is always to be had; a hierarchy without controllers stands for the
    # others: it tracks a job's processes but binds them to no cores.
    printf '%s\n' none,name=alpsckpt freezer
  fi
}

# remove_control_groups [HOST]: of a host that has ended, or of the whole cluster, with all that still runs in them, as after an
# interrupted `up`; also those of v1 hierarchies that are mounted nowhere any more.
remove_control_groups() {
  local wanted=$control_group${1:+/$1}
  # shellcheck disable=SC2016 # for the inner shell
  {
    echo cgroup2
    hierarchies
  } | unshare --mount --propagation private bash -c '
    mount -t tmpfs none /mnt
    while read -r options; do
      mkdir "/mnt/$options"
      if [ "$options" = cgroup2 ]; then
        mount -t cgroup2 none "/mnt/$options"
        [ ! -e "/mnt/$options/$1/cgroup.kill" ] || echo 1 >"/mnt/$options/$1/cgroup.kill"
      else
        mount -t cgroup -o "$options" none "/mnt/$options" || continue
      fi
      for try in {1..50}; do
        [ -d "/mnt/$options/$1" ] || break
        find "/mnt/$options/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
      done
    done' remove "$wanted" 2>/dev/null || true
}

unplugged() { ! nsenter --target "$1" --net ip link show "$2" >/dev/null 2>&1; }

# start_host HOST: to process 1 and the network; start_services does the rest.
start_host() {
  local host=$1 folder=$state/hosts/$1 pid switch
  rm -f "$state/$host.pid"
  remove_control_groups "$host"
  mkdir -p "$folder"/{upper,work,root}
  setsid unshare --mount --uts --ipc --net --propagation private \
    "$parts/host.sh" begin "$host" </dev/null >"$folder/log" 2>&1 &
  wait_for 60 test -e "$state/$host.pid" || die "$host does not start: $(tail -3 "$folder/log")"
  pid=$(pid_of "$host") switch=$(pid_of switch)
  # The kernel takes its time to remove the cable of a host that has ended.
  wait_for 20 unplugged "$switch" "$host"
  # A fixed hardware address, as the others remember it over a power cut.
  nsenter --target "$switch" --net ip -batch - <<IP
link add $host type veth peer name eth0 address $(printf '02:00:00:00:00:%02x' "$(address "$host" | cut -d. -f4)") netns $pid
link set $host master bridge up
IP
  nsenter --target "$pid" --net ip -batch - <<IP
link set lo up
addr add $(address "$host")/24 dev eth0
link set eth0 up
IP
}

start_switch() {
  rm -f "$state/switch.pid"
  # shellcheck disable=SC2016 # for the inner shell
  setsid unshare --net bash -c '
    ip link set lo up
    ip link add bridge type bridge
    ip link set bridge up
    read -ra stat </proc/self/stat
    echo "${stat[0]} ${stat[21]}" >"$1.new"
    mv "$1.new" "$1"
    exec sleep infinity' switch "$state/switch.pid" </dev/null >"$state/switch.log" 2>&1 &
  wait_for 10 test -e "$state/switch.pid" || die "the switch does not start: $(tail -3 "$state/switch.log")"
}

# Each of these leaves alone what runs.
start_services() {
  in_host "$1" pgrep -f '^sshd: /usr/sbin/sshd' >/dev/null || in_host "$1" /usr/sbin/sshd -f /etc/oar/sshd_config
  [ "$1" = front ] || return 0
  start_database
  start_server
}

database_answers() { sql 'select 1' >/dev/null 2>&1; }
start_database() {
  ! database_answers || return 0
  # shellcheck disable=SC2016 # for the inner shell
  in_host front sh -c '
    install -d -o postgres -g postgres /run/postgresql
    version=$(ls /etc/postgresql)
    # left by a power cut; its pid may be that of anybody now
    pgrep -x postgres >/dev/null || rm -f "/var/lib/postgresql/$version/main/postmaster.pid"
    pg_ctlcluster "$version" main start'
  wait_for 60 database_answers || die 'PostgreSQL does not answer'
}
stop_database() {
  # shellcheck disable=SC2016 # for the inner shell
  in_host front sh -c 'pg_ctlcluster "$(ls /etc/postgresql)" main stop -m fast'
}

server_runs() { in_host front pgrep -f '^(/usr/bin/)?perl .*/Almighty|^Almighty' >/dev/null; }
server_stopped() { ! server_runs; }
server_listens() { in_host front sh -c 'ss -ltn | grep -q ":6666 "'; }
start_server() {
  server_runs || in_host front /usr/sbin/oar-server
  wait_for 30 server_listens || die 'the OAR server does not listen'
}
stop_server() {
  # shellcheck disable=SC2016 # for the inner shell
  in_host front sh -c 'kill "$(cat /run/oar-server.pid)"'
  wait_for 30 server_stopped || die 'the OAR server does not end'
}

all_alive() { [ "$(sql "select count(*) from resources where network_address = '$1' and state <> 'Alive'")" = 0 ]; }
# set_alive HOST: what a node's boot script tells OAR on a real cluster.
set_alive() {
  ! all_alive "$1" || return 0
  in_host front oarnodesetting -h "$1" -s Alive >/dev/null
  wait_for 90 all_alive "$1" || die "OAR does not take $1 for alive"
}
drained() { [ "$(sql "select count(*) from resources where network_address = '$1' and drain <> 'NO'")" != 0 ]; }

# What `server slow` puts wrappers before.
# shellcheck disable=SC2034 # for those that source this
slowed=(/usr/local/bin/oar{sub,stat,del,nodes,hold,resume,walltime})
