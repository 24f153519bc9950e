# What the scripts of this folder share. Sourced, not run.
#
# Each script fetches pinned public packages into a temporary folder, runs them there on valid input that it makes itself,
# and compares what it sees with what was seen when it was written. Nothing is installed on the machine.
#   exit 0  as described        exit 1  the behaviour has changed        exit 2  cannot run here (no package, no network)

set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cannot() {
  printf 'cannot run here: %s\n' "$*" >&2
  exit 2
}

# debian NAME=VERSION …: unpacks these packages of Debian 12 with all that they need; `in_debian COMMAND …` runs them.
debian() {
  command -v apt-get >/dev/null || cannot "apt-get is missing"
  mkdir -p archives/partial root
  : >status
  apt-get -qq -y --no-install-recommends -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" \
    -o Debug::NoLocking=1 --download-only install "$@" >apt.log 2>&1 || { tail -3 apt.log >&2; cannot "$* cannot be fetched (try apt-get update)"; }
  local package
  for package in archives/*.deb; do
    dpkg-deb -x "$package" root
  done
}

# criu_of_trixie VERSION: CRIU of Debian 13 with its own libraries, from the mirror that this machine has for Debian 12; `$criu` calls it.
criu_of_trixie() {
  command -v apt-get >/dev/null || cannot "apt-get is missing"
  command -v unshare >/dev/null || cannot "unshare (util-linux) is missing"
  local mirror package
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v -e security -e updates | head -1)
  [ -n "$mirror" ] || cannot "no mirror of Debian is configured (try apt-get update)"
  mkdir -p archives/partial lists/partial root
  : >status
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >trixie.list
  local apt=(apt-get -qq -y --no-install-recommends -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" -o Dir::Etc::sourcelist="$work/trixie.list" -o Dir::Etc::sourceparts=/dev/null
    -o Debug::NoLocking=1)
  "${apt[@]}" update >apt.log 2>&1 || { tail -3 apt.log >&2; cannot "the lists of Debian 13 cannot be fetched"; }
  "${apt[@]}" --download-only install "criu=$1" >apt.log 2>&1 || { tail -3 apt.log >&2; cannot "criu $1 cannot be fetched"; }
  for package in archives/*.deb; do
    dpkg-deb -x "$package" root
  done
  criu="$work/root/usr/lib64/ld-linux-x86-64.so.2 --library-path $work/root/usr/lib/x86_64-linux-gnu $work/root/usr/sbin/criu"
  namespaces=(unshare --user --map-current-user --keep-caps --pid --mount --fork --mount-proc --kill-child --propagation slave)
  "${namespaces[@]}" true 2>namespaces.log || cannot "no namespaces without root here: $(cat namespaces.log)"
}

# dumped [OPTION …] -- PROGRAM …: starts the program in namespaces of its own, waits until the file `ready` is there, dumps it into
# images/ with these options; prints CRIU's exit status.
dumped() {
  local options=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  rm -rf images ready
  mkdir images
  "${namespaces[@]}" bash -c '
    criu=$0 options=$1
    shift
    # Restored process numbers must be free in the next namespace.
    echo 1000 >/proc/sys/kernel/ns_last_pid
    (
      for fd in /proc/$BASHPID/fd/*; do
        [ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"
      done
      exec setsid setpriv --inh-caps=-all --ambient-caps=-all "$@"
    ) </dev/null >>out 2>&1 &
    program=$!
    until [ -e ready ]; do kill -0 $program || exit 100; sleep 0.05; done
    $criu dump --unprivileged --file-locks --link-remap -t $program -D images -o dump.log $options >/dev/null 2>&1
    echo $?' "$criu" "${options[*]}" "$@" 2>>said
}

# Restores images/ in namespaces of its own; prints CRIU's exit status. Its log is images/restore.log.
restored() {
  "${namespaces[@]}" bash -c 'setpriv --inh-caps=-setuid,-setgid --ambient-caps=-setuid,-setgid $0 restore --unprivileged --file-locks --link-remap -d -D images -o restore.log >/dev/null 2>&1; echo $?' "$criu"
}

in_debian() {
  local lib=$work/root/usr/lib/x86_64-linux-gnu
  local python
  python=$(find "$work/root/usr/lib/python3" -maxdepth 1 -name dist-packages 2>/dev/null || true)
  env PATH="$work/root/usr/bin:$PATH" LD_LIBRARY_PATH="$lib:$lib/blas:$lib/lapack:$work/root/lib/x86_64-linux-gnu" \
    GDAL_DATA="$work/root/usr/share/gdal" PROJ_LIB="$work/root/usr/share/proj" PROJ_DATA="$work/root/usr/share/proj" \
    PYTHONPATH="$python" PYTHONNOUSERSITE=1 LC_ALL=C.UTF-8 "$@"
}

# A Python script of Debian's, by Debian's own Python.
in_debian_python() {
  local script=$1
  shift
  in_debian "$work/root/usr/bin/python3" "$work/root/usr/bin/$script" "$@"
}

# pypi NAME==VERSION …: installs these wheels; `in_pypi COMMAND …` runs them.
pypi() {
  command -v python3 >/dev/null || cannot "python3 is missing"
  python3 -m venv venv >venv.log 2>&1 || cannot "python3 -m venv fails"
  venv/bin/pip -q --disable-pip-version-check install --only-binary :all: "$@" >pip.log 2>&1 || { tail -3 pip.log >&2; cannot "$* cannot be fetched"; }
}

in_pypi() {
  env PYTHONNOUSERSITE=1 PYTHONWARNINGS=ignore PATH="$work/venv/bin:$PATH" "$@"
}

# crates 'DEPENDENCY = …' …: a Rust program of these pinned crates, whose text is read from standard input; it is ./program then.
crates() {
  command -v cargo >/dev/null || cannot "cargo is missing"
  mkdir -p crate/src
  { printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'; printf '%s\n' "$@"; } >crate/Cargo.toml
  cat >crate/src/main.rs
  cargo build --quiet --manifest-path crate/Cargo.toml --target-dir built >cargo.log 2>&1 || { tail -3 cargo.log >&2; cannot "$* cannot be built"; }
  cp built/debug/program program
}

# on_a_terminal COMMAND: runs it on a pseudo-terminal that types what comes from standard input and answers nothing.
on_a_terminal() {
  command -v script >/dev/null || cannot "script (util-linux) is missing"
  script -qec "$1" /dev/null
}

# An ESRI ASCII grid of rows of numbers, for programs that read text.
ascii_grid() {
  local columns=$1 rows=$2 nodata=$3
  printf 'ncols %d\nnrows %d\nxllcorner 500000\nyllcorner 5000000\ncellsize 25\nNODATA_value %s\n' "$columns" "$rows" "$nodata"
  cat
}

changed=0

# same WHAT EXPECTED SEEN
same() {
  if [ "$2" = "$3" ]; then
    printf 'as described: %s: %s\n' "$1" "$3"
  else
    printf 'CHANGED: %s: expected %s, seen %s\n' "$1" "$2" "$3"
    changed=1
  fi
}

finish() {
  exit "$changed"
}
