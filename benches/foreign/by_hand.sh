#!/bin/bash
# What a person would do by hand, in namespaces as the program makes them: by_hand.sh dump|restore CRIU IMAGES PROGRAM...
# Prints the nanoseconds that it took. CRIU is the words that call it, in one argument.
set -u
what=$1 criu=$2 images=$3
shift 3
namespaces=(unshare --user --map-current-user --keep-caps --pid --mount --fork --mount-proc --kill-child --propagation slave)
options='--unprivileged --file-locks --link-remap --ghost-limit 1G -v2'
case $what in
dump)
  "${namespaces[@]}" bash -c '
    criu=$0 images=$1 options=$2 ready=$3
    shift 3
    echo 1000 >/proc/sys/kernel/ns_last_pid
    (
      # What others left open would be of another mount namespace.
      for fd in /proc/$BASHPID/fd/*; do
        [ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"
      done
      exec setsid setpriv --inh-caps=-all --ambient-caps=-all "$@"
    ) </dev/null >>"$images.out" 2>&1 &
    program=$!
    while [ ! -e "$ready" ]; do sleep 0.05; done
    began=$(date +%s%N)
    $criu dump $options -t $program -D "$images" -o dump.log >/dev/null || exit 1
    sync -f "$images"
    echo $(($(date +%s%N) - began))' "$criu" "$images" "$options" "$1.ready" "$@"
  ;;
restore)
  began=$(date +%s%N)
  cat "$images"/* >/dev/null
  "${namespaces[@]}" bash -c '
    setpriv --inh-caps=-setuid,-setgid --ambient-caps=-setuid,-setgid $0 restore $2 -d -D "$1" -o restore.log >/dev/null || exit 1
    echo $(($(date +%s%N) - $3))' "$criu" "$images" "$options" "$began"
  ;;
esac
