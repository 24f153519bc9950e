#!/bin/bash
# Programs that were dumped on this machine, restored on one with Debian's own kernel and without AVX-512: a virtual machine by
# qemu, which needs no rights. docs/qemu.md tells what is to be seen. Usage:
#
#   benches/foreign/qemu.sh ALPSCKPT KIT [FOLDER]
#
# ALPSCKPT is the program, KIT a folder made by `alpsckpt kit criu`, FOLDER a new one for all that this makes. $QEMU_PROCESSOR
# replaces `-accel tcg -cpu max`; where /dev/kvm works: `-accel kvm -cpu host,-avx512f,...`. $KERNEL is a folder with an unpacked
# package of a kernel, `linux-image-*-amd64`; without it the newest of this machine's Debian is fetched.
set -euo pipefail
program=$(realpath "${1:?usage: qemu.sh ALPSCKPT KIT [FOLDER]}") kit=$(realpath "${2:?the folder of the kit}")
folder=${3:-$(mktemp -d /var/tmp/alpsckpt-qemu.XXXXXX)}
mkdir -p "$folder"
folder=$(realpath "$folder")
for tool in qemu-system-x86_64 busybox cpio setpriv cc; do
  command -v $tool >/dev/null || {
    echo "qemu.sh: no $tool: apt-get install qemu-system-x86 busybox-static cpio util-linux gcc libc6-dev" >&2
    exit 69
  }
done
export HOME=$folder ALPSCKPT_STATE=$folder/state XDG_DATA_HOME=$folder/data NO_COLOR=1 LC_ALL=C.UTF-8
cd "$folder"
# The virtual machine sees the same files under the same paths; those of this folder it may change.
cp "$program" alpsckpt
[ -d kit ] || cp -r "$kit" kit

if [ -z "${KERNEL:-}" ]; then
  name=$(apt-cache depends linux-image-amd64 | awk '/Depends:/ { print $2; exit }')
  apt-get download -q "$name"
  dpkg-deb -x "$name"_*.deb kernel
  KERNEL=$folder/kernel
fi

# The first files of the machine: a shell, and the modules by which it reaches all others.
mkdir -p first/bin first/modules first/new
cp "$(command -v busybox)" first/bin/
for module in virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci 9pnet 9pnet_virtio fscache netfs 9p \
  unix_diag inet_diag tcp_diag udp_diag netlink_diag af_packet_diag; do
  find "$KERNEL/lib/modules" -name "$module.ko" -exec cp {} first/modules/ \;
done
cat >first/init <<'END'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /new
/bin/busybox mount -t proc none /proc
# Some need others: what fails is tried again when those are there.
for round in 1 2 3 4 5; do for module in /modules/*; do /bin/busybox insmod $module 2>/dev/null; done; done
options=trans=virtio,version=9p2000.L,msize=262144
/bin/busybox mount -t 9p -o $options,ro,cache=loose system /new || exec /bin/busybox sh
folder=$(/bin/busybox sed -n 's/.*folder=\([^ ]*\).*/\1/p' /proc/cmdline)
/bin/busybox mount -t 9p -o $options,cache=mmap folder /new$folder
/bin/busybox mount -t devtmpfs none /new/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /new /bin/bash $folder/node.sh
END
chmod +x first/init
(cd first && find . | cpio -o -H newc --quiet | gzip -1) >first.gz

cat >node.sh <<END
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc none /proc; mount -t sysfs none /sys
mkdir -p /dev/shm && mount -t tmpfs none /dev/shm; mount -t tmpfs none /run
hostname node; ip link set lo up
cd $folder
exec >said 2>&1
export HOME=$folder ALPSCKPT_STATE=$ALPSCKPT_STATE XDG_DATA_HOME=$XDG_DATA_HOME NO_COLOR=1 LC_ALL=C.UTF-8
setpriv --reuid $(id -u) --regid $(id -g) --clear-groups bash work.sh
sync
echo o >/proc/sysrq-trigger; sleep 60
END

# Boots the machine for the commands in work.sh, and tells what they said.
boot() {
  local began=$SECONDS
  # shellcheck disable=SC2086
  timeout 600 qemu-system-x86_64 ${QEMU_PROCESSOR:--accel tcg -cpu max} -m 1024 -nographic -no-reboot -monitor none -serial file:console \
    -kernel "$KERNEL"/boot/vmlinuz-* -initrd first.gz -append "console=ttyS0 quiet panic=-1 folder=$folder" \
    -virtfs local,path=/,mount_tag=system,security_model=none,readonly=on,multidevs=remap \
    -virtfs local,path="$folder",mount_tag=folder,security_model=none,multidevs=remap </dev/null >qemu.log 2>&1 ||
    { echo "qemu.sh: the machine did not end well; see $folder/console and qemu.log" >&2; exit 70; }
  cat said
  echo "($((SECONDS - began)) s)"
}

echo "== Two nodes"
flags() { sed -n 's/^flags[^:]*: //p' "$1" | head -1 | tr ' ' '\n' | sort; }
echo 'uname -r; cat /proc/cpuinfo >cpuinfo' >work.sh
boot
missing=$(comm -23 <(flags /proc/cpuinfo) <(flags cpuinfo))
echo "here: kernel $(uname -r); qemu: $(qemu-system-x86_64 --version | head -1)"
echo "AVX-512 here: $(flags /proc/cpuinfo | grep -c ^avx512) flags; there: $(flags cpuinfo | grep -c ^avx512 || true)"

# What the virtual processor lacks beside AVX-512. The shell that is run here uses none of it: it takes its fast code from the C
# library alone. So for the campaign `hop` alpsckpt is shown a processor without it.
others=$(grep -v ^avx512 <<<"$missing" | tr '\n' ' ')
hide=$(tr ' ' '\n' <<<"$others" | sed '/^$/d; s/.*/ -e "s, &\\( \\|$\\),\\1,"/' | tr -d '\n')
eval "sed $hide -e '' /proc/cpuinfo" >shown
cat >shown.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  unsigned mode = va_arg(more, unsigned);
  va_end(more);
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
  return real(strcmp(path, "/proc/cpuinfo") ? path : getenv("SHOWN"), flags, mode);
}
END
cc -shared -fPIC -O1 -o shown.so shown.c -ldl

for name in plain masked hop; do
  processors=Avx2
  [ $name != plain ] || processors=Native
  cat >$name.ron <<END
(
    version: 1,
    name: "$name",
    output: "$name",
    months: [6],
    walltime: "00:20:00",
    margin: "00:02:00",
    threads: 1,
    workload: Command(
        run: Shell("s=0; for i in \$(seq 1 200); do s=\$((s+i)); echo \$i; sleep 0.05; done; echo \$s > {output}/sum.txt"),
        outputs: ["sum.txt"],
        processors: $processors,
        kit: Some("$folder/kit"),
        environment: {"LD_PRELOAD": ""},
    ),
)
END
  shown=
  [ $name != hop ] || shown="LD_PRELOAD=$folder/shown.so SHOWN=$folder/shown"
  echo "== $name: dumped here"
  # shellcheck disable=SC2086
  env $shown ./alpsckpt run $name.ron >/dev/null 2>&1 &
  run=$!
  until [ "$(cat $name/.alpsckpt/chains/m06/logs/*.program.out 2>/dev/null | wc -l)" -ge 20 ]; do
    kill -0 $run 2>/dev/null || { echo "qemu.sh: it ended: $(tail -3 $name/.alpsckpt/chains/m06/logs/*.log)" >&2; exit 70; }
    sleep 0.1
  done
  kill -TERM $run
  wait $run && exit 70 || echo "exit $? after $(cat $name/.alpsckpt/chains/m06/logs/*.program.out | wc -l) of 200 lines"
done

cat >work.sh <<'END'
for name in plain masked hop; do
  echo "== $name: on the node"
  ./alpsckpt run $name.ron 2>&1
  echo "exit $?; sum: $(cat $name/results/sum.txt 2>/dev/null || echo none)"
done
END
boot
for name in plain masked hop; do
  echo "== $name: lines $(cat $name/.alpsckpt/chains/m06/logs/*.program.out | wc -l), of which different: $(cat $name/.alpsckpt/chains/m06/logs/*.program.out | sort -u | wc -l)"
done
echo "All of it is in $folder"
