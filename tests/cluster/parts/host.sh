#!/bin/bash
# Becomes a host of the cluster: its disk, devices and control groups, and at last its process 1. Started by lib.sh in mount,
# uts, ipc and net namespaces of its own, as `host.sh begin HOST`; it goes on to the later stages by itself, as a namespace of
# control groups can be made only after joining them, and the one of processes begins with a child.
. "$(dirname "$0")/lib.sh"
stage=$1 host=$2
folder=$state/hosts/$host
root=$folder/root
groups=$root/sys/fs/cgroup

# Where cgroup v2 lies in the host: OAR 2.6 takes the first it finds.
if unified && [ "$version" = 2.6 ]; then v2=$groups; else v2=$groups/unified; fi

mount_control_groups() {
  local options name part
  [ "$v2" = "$groups" ] || mount -t tmpfs -o mode=755 cgroup "$groups"
  while read -r options; do
    name=${options/none,name=alpsckpt/cpuset}
    mkdir "$groups/$name"
    mount -t cgroup -o "$options" cgroup "$groups/$name"
    for part in ${name//,/ }; do
      [ "$part" = "$name" ] || ln -s "$name" "$groups/$part"
    done
    [ "$name" = "$options" ] || for part in cpu cpuacct devices; do ln -s cpuset "$groups/$part"; done
  done < <(hierarchies)
  mkdir -p "$v2"
  mount -t cgroup2 cgroup2 "$v2"
}

join_control_groups() {
  local hierarchy level
  while read -r hierarchy; do
    mkdir -p "$hierarchy/$control_group/$host"
    if [ -e "$hierarchy/cpuset.cpus" ]; then
      # A new v1 cpuset is empty, and an empty one takes no process.
      for level in "$control_group" "$control_group/$host"; do
        cat "$hierarchy/cpuset.cpus" >"$hierarchy/$level/cpuset.cpus"
        cat "$hierarchy/cpuset.mems" >"$hierarchy/$level/cpuset.mems"
      done
    fi
    echo $$ >"$hierarchy/$control_group/$host/tasks"
  done < <(find "$groups" -mindepth 1 -maxdepth 1 -type d -exec test -e {}/tasks \; -print)
  mkdir -p "$v2/$control_group/$host"
  if [ "$v2" = "$groups" ]; then
    if ! grep -qw cpuset "$v2/cgroup.subtree_control"; then
      echo +cpuset >"$v2/cgroup.subtree_control"
      touch "$cache/enabled-cpuset" # `down` switches it off again
    fi
    echo +cpuset >"$v2/$control_group/cgroup.subtree_control"
  fi
  echo $$ >"$v2/$control_group/$host/cgroup.procs"
}

# A /dev of its own: OAR drops links and folders there, which must not reach the machine's.
make_devices() {
  local device
  mount -t tmpfs -o mode=755,size=1m dev "$root/dev"
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
  done
  mknod -m 666 "$root/dev/tty" c 5 0
  mkdir "$root"/dev/{pts,shm,mqueue}
  mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  mount -t mqueue mqueue "$root/dev/mqueue"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"
  ln -s fd/1 "$root/dev/stdout"
  ln -s fd/2 "$root/dev/stderr"
}

case $stage in
begin)
  lower=$(cat "$state/layers")
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" "$root"
  hostname "$host"
  mount -t sysfs sysfs "$root/sys"
  mount_control_groups
  join_control_groups
  umount -R "$groups"
  exec unshare --cgroup "$0" enter "$host"
  ;;
enter)
  # Mounted again each hierarchy shows this host's part only, as if it were a machine of its own.
  mount_control_groups
  # v2 wants processes in leaves.
  mkdir "$v2/init"
  echo $$ >"$v2/init/cgroup.procs"
  [ "$v2" != "$groups" ] || echo +cpuset >"$v2/cgroup.subtree_control"
  exec unshare --pid --fork --kill-child "$0" init "$host"
  ;;
init)
  read -ra stat </proc/self/stat # still the machine's /proc: this process as seen from there
  mount -t proc proc "$root/proc"
  make_devices
  mount -t tmpfs -o mode=755 run "$root/run"
  mkdir -p "$root"/run/{sshd,lock}
  chmod 1777 "$root/run/lock"
  for shared in shared home; do
    mkdir -p "$root/$shared"
    mount --rbind "$state/$shared" "$root/$shared"
  done
  cd "$root"
  mkdir -p .old
  pivot_root . .old
  echo "${stat[0]} ${stat[21]}" >"/.old$state/$host.pid.new"
  mv "/.old$state/$host.pid.new" "/.old$state/$host.pid"
  umount -l /.old
  exec </dev/null >/var/log/init.log 2>&1
  # Ignoring SIGCHLD has the kernel reap what is orphaned to process 1.
  # shellcheck disable=SC2016 # for perl
  exec perl -e '$0 = "init"; $SIG{CHLD} = "IGNORE"; sleep 3600 while 1'
  ;;
esac
