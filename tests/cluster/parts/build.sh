#!/bin/bash
# Makes the two read-only layers under the disks of all hosts, where they are missing, and prints them as overlayfs wants them:
# Debian with what OAR needs, the same for all versions, and on it OAR with a ready database. Called by `up`.
. "$(dirname "$0")/lib.sh"

suite=trixie # its criu works on today's kernels
packages=(
  postgresql openssh-server iproute2 procps sudo perl
  libyaml-perl libxml-dumper-perl libjson-perl hwloc-nox
  criu # for tests of programs that are checkpointed from outside
)
options=(
  --variant=minbase
  --dpkgopt=force-unsafe-io
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*'
  --aptopt='APT::Install-Recommends "0"' --aptopt='Acquire::Languages "none"'
)
case $version in
2.5) oar_suite=bookworm ;;
2.6) oar_suite=trixie ;;
esac

key() { sha256sum | cut -c1-12; }
debian_key=$(printf '%s\n' "$suite" "${packages[@]}" "${options[@]}" "$(dpkg --print-architecture)" | key)
# The cores that OAR binds jobs to are those of this machine.
oar_key=$({
  cat "$0" "$parts"/busctl "$parts"/rules/*
  echo "$version $(unified && echo v2) $(nproc) $cores $network ${hosts[*]} ${users[*]}"
} | key)
layers=$cache/layers
debian=$layers/debian-$debian_key
oar=$layers/oar-$version-$oar_key-on-$debian_key
log=$cache/build-$version.log

# Prints the mirror that this machine itself uses.
find_mirror() {
  local file uri
  [ -z "${ALPSCKPT_DEBIAN_MIRROR:-}" ] || { echo "$ALPSCKPT_DEBIAN_MIRROR"; return; }
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    uri=$(awk '
      /^URIs:/ { for (i = 2; i <= NF; i++) if (!uri && $i ~ "/debian/?$") uri = $i }
      /^deb[ \t]/ { sub(/\[[^]]*\]/, ""); if (!uri && $2 ~ "/debian/?$") uri = $2 }
      END { print uri }' "$file")
    [ -z "$uri" ] || { echo "$uri"; return; }
  done
  die 'no Debian mirror in /etc/apt: name one in ALPSCKPT_DEBIAN_MIRROR'
}

inside() {
  chroot "$root" env -i PATH="$system_path" HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# set_option NAME VALUE: in OAR's configuration, which is the same on all hosts.
set_option() {
  local file=$root/etc/oar/oar.conf
  if grep -qE "^#?$1=" "$file"; then
    sed -i -E "0,/^#?$1=.*/s||$1=\"$2\"|" "$file"
  else
    echo "$1=\"$2\"" >>"$file"
  fi
}

install_packages() {
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # packages start nothing
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf /etc/hosts "$root/etc/"
  if [ "$oar_suite" != "$suite" ]; then
    echo "deb $mirror $oar_suite main" >>"$root/etc/apt/sources.list"
    cat >"$root/etc/apt/preferences.d/oar" <<PIN
Package: *
Pin: release n=$oar_suite
Pin-Priority: 100

Package: oar* liboar*
Pin: release n=$oar_suite
Pin-Priority: 990
PIN
  fi
  inside apt-get update
  inside apt-get install -y oar-server oar-server-pgsql oar-user oar-user-pgsql oar-node
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root/usr/sbin/policy-rc.d"
}

name_hosts_and_users() {
  local host user
  : >"$root/etc/resolv.conf"
  {
    echo '127.0.0.1 localhost'
    for host in "${hosts[@]}"; do echo "$(address "$host") $host"; done
  } >"$root/etc/hosts"
  for user in "${users[@]}"; do
    inside useradd --uid "${user#*:}" --user-group --shell /bin/bash --no-create-home "${user%:*}"
  done
}

configure_oar() {
  set_option DB_HOSTNAME front
  set_option DB_BASE_PASSWD oar
  set_option DB_BASE_PASSWD_RO oar_ro
  set_option SERVER_HOSTNAME front
  set_option DEPLOY_HOSTNAME front
  set_option COSYSTEM_HOSTNAME front
  set_option LOG_LEVEL 3
  set_option OARSUB_DEFAULT_RESOURCES /resource_id=1
  # Shorter than OAR's 300, 30 and 120 s, so that a dead node does not hold up a test for minutes.
  set_option FINAUD_FREQUENCY 30
  set_option PINGCHECKER_SENTINELLE_SCRIPT_COMMAND '/usr/lib/oar/sentinelle.pl -t 5 -w 20'
  set_option OAR_SSH_CONNECTION_TIMEOUT 20
  set_option USERS_ALLOWED_HOLD_RESUME yes
  set_option WALLTIME_CHANGE_ENABLED YES
  set_option WALLTIME_MAX_INCREASE -1
  if [ "$version" = 2.5 ]; then
    # The default one wants a file system that kernels no longer have.
    set_option JOB_RESOURCE_MANAGER_FILE /etc/oar/job_resource_manager_cgroups.pl
    if unified; then
      # The hierarchy without controllers that stands for cpuset (see lib.sh) has none of its files: jobs are not bound to cores.
      sed -i -E "s#> '\S*/cpuset/'\S*'/cpuset\.[a-z_]+#> /dev/null#
        s#'\S*'/cpuset/cpuset\.(cpus|mems)#/sys/devices/system/cpu/online#
        s#\\\$\S*\"/cpuset/(\"\S*\"/)?cpuset\.cpus\"#\"/sys/devices/system/cpu/online\"#" \
        "$root/etc/oar/job_resource_manager_cgroups.pl"
    fi
    # On today's perl each oarstat would warn of an undefined import.
    sed -i 's/^use OAR::Walltime qw(get);/use OAR::Walltime;/' "$root/usr/share/perl5/OAR/Stat.pm"
  else
    install -m 755 "$parts/busctl" "$root/usr/bin/busctl"
    touch "$root/etc/oar/dont_reboot" # else a node that is up for three days is rebooted after a job
    # Two files that on v1 have other names and lie elsewhere.
    # shellcheck disable=SC2016 # perl's variables
    unified || sed -i -E 's#^(my \$Cgroup_oar_cpus_path) .*#\1 = "/sys/fs/cgroup/cpuset/cpuset.effective_cpus";#
      s#^(my \$Cgroup_job_cpus_path) .*#\1 = "/sys/fs/cgroup/cpuset/$Systemd_oar_slice.slice/$Systemd_user_slice.slice/$Systemd_job_slice.slice/cpuset.effective_cpus";#' \
      "$root/etc/oar/job_resource_manager.pl"
  fi
  chown --reference="$root/etc/oar/sshd_config" "$root/etc/oar/oar.conf"
  chmod 644 "$root/etc/oar/oar.conf"
}

# Hosts log in to each other as user oar with the keys that the packages made once for all.
configure_ssh() {
  sed -i -E '/^(UsePrivilegeSeparation|KeepAlive|Protocol|XAuthLocation|X11)/d' "$root/etc/oar/sshd_config"
  printf 'UseDNS no\nUsePAM no\nAddressFamily inet\n' >>"$root/etc/oar/sshd_config"
  printf '  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  GSSAPIAuthentication no\n' >>"$root/var/lib/oar/.ssh/config"
  inside usermod -p '*' oar # sshd refuses an account that is locked
}

make_database() {
  local postgres
  postgres=$(ls "$root/etc/postgresql")
  cat >"$root/etc/postgresql/$postgres/main/conf.d/cluster.conf" <<CONF
listen_addresses = '*'
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum_naptime = 5min
CONF
  cat >"$root/etc/postgresql/$postgres/main/pg_hba.conf" <<CONF
local all postgres peer
local all all md5
host all all 127.0.0.1/32 md5
host all all $network.0/24 md5
CONF
  cp -r "$parts/rules" "$root/var/tmp/rules" # read as user oar
  chmod -R a+rX "$root/var/tmp/rules"
  cp "$root/etc/hosts" "$root/etc/hosts.real"
  echo '127.0.0.1 localhost front' >"$root/etc/hosts"
  cat >"$root/root/make-database" <<DATABASE
set -eu
hostname front
ip link set lo up
install -d -o postgres -g postgres /run/postgresql
pg_ctlcluster $postgres main start
oar-database --create --db-is-local
oarproperty -a host -c
for property in cpu core mem; do oarproperty -a \$property; done
core=0
for node in {1..${#nodes[@]}}; do
  for place in {1..$cores}; do
    core=\$((core + 1))
    oarnodesetting -a -h node\$node -p host=node\$node -p cpu=\$node -p core=\$core -p cpuset=\$(((place - 1) % $(nproc))) -p mem=4
  done
done
for rule in /var/tmp/rules/*; do oaradmissionrules -n -r \$rule; done
pg_ctlcluster $postgres main stop -m fast
DATABASE
  unshare --net --uts chroot "$root" env -i PATH="$system_path" HOME=/root LANG=C.UTF-8 bash -x /root/make-database
  mv "$root/etc/hosts.real" "$root/etc/hosts"
  rm -r "$root/var/tmp/rules" "$root/root/make-database"
}

# In namespaces of its own: what it or a package's script starts and mounts ends with it.
if [ "${1:-}" = inside ]; then
  root=$oar.root
  mkdir -p "$oar.new" "$oar.work" "$root"
  mount -t overlay overlay -o "lowerdir=$debian,upperdir=$oar.new,workdir=$oar.work" "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  install_packages
  name_hosts_and_users
  configure_oar
  configure_ssh
  make_database
  exit
fi

in_namespaces() { unshare --mount --pid --ipc --fork --kill-child --mount-proc --propagation private "$@" >>"$log" 2>&1 </dev/null; }

mkdir -p "$layers"
if [ ! -d "$debian" ] || [ ! -d "$oar" ]; then
  : >"$log"
  mirror=$(find_mirror)
  export mirror # for the call inside
fi
if [ ! -d "$debian" ]; then
  say "Installing Debian $suite for the hosts, once for all versions of OAR ..."
  rm -rf --one-file-system "$layers"/debian-*.new
  in_namespaces mmdebstrap --mode=root "${options[@]}" --include="$(IFS=,; echo "${packages[*]}")" \
    "$suite" "$debian.new" "deb $mirror $suite main" || die "Debian cannot be installed, see $log"
  mv "$debian.new" "$debian"
fi
if [ ! -d "$oar" ]; then
  say "Installing OAR $version ..."
  rm -rf --one-file-system "$layers/oar-$version-"*.{new,work,root}
  in_namespaces "$0" inside || die "OAR cannot be installed, see $log"
  rm -rf --one-file-system "$oar.work" "$oar.root"
  mv "$oar.new" "$oar"
fi
echo "$oar:$debian"
